import { Page } from "../../ui/page.tsx";

export default function Postback() {
	return <Page title="Postback">{null}</Page>;
}
