import { Page } from "../../ui/page.tsx";

export function Login() {
	return <Page title="Login">{null}</Page>;
}
