import { Page } from "../../ui/page.tsx";

export default function Shared() {
	return <Page title="Shared">{null}</Page>;
}
