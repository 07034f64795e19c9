import { Page } from "../../ui/page.tsx";

export default function Coupons() {
	return <Page title="Coupons">{null}</Page>;
}
