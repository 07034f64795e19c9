import { Page } from "../../ui/page.tsx";

export default function Advertisers() {
	return <Page title="Advertisers">{null}</Page>;
}
