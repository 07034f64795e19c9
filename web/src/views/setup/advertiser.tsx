import { Page } from "../../ui/page.tsx";

export default function Advertiser() {
	return <Page title="Advertiser">{null}</Page>;
}
