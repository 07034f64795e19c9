import { Page } from "../../ui/page.tsx";

export default function Postbacks() {
	return <Page title="Postbacks">{null}</Page>;
}
