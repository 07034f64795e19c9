import { Page } from "../../ui/page.tsx";

export default function Domains() {
	return <Page title="Domains">{null}</Page>;
}
