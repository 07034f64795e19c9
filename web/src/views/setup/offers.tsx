import { Page } from "../../ui/page.tsx";

export default function Offers() {
	return <Page title="Offers">{null}</Page>;
}
