import { Page } from "../../ui/page.tsx";

export default function Signal() {
	return <Page title="Signal">{null}</Page>;
}
