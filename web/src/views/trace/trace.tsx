import { Page } from "../../ui/page.tsx";

export default function Trace() {
	return <Page title="Trace">{null}</Page>;
}
