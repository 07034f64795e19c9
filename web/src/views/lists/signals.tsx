import { Page } from "../../ui/page.tsx";

export default function Signals() {
	return <Page title="Signals">{null}</Page>;
}
