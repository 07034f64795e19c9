import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/controls.css";
import "./style/table.css";
import { QueryClientProvider } from "@tanstack/preact-query";
import { render } from "preact";
import { Router } from "wouter-preact";
import { cache } from "./api/client.ts";
import { App } from "./app.tsx";
import { consolePath } from "./lib/place.ts";
import "./lib/theme.ts";
import "./ui/unsaved.ts";

render(
	<QueryClientProvider client={cache}>
		<Router base={consolePath}>
			<App />
		</Router>
	</QueryClientProvider>,
	document.getElementById("app") as HTMLElement,
);
