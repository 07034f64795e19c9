import { Parties } from "./parties.tsx";

/** Who sends visitors. */
export default function Affiliates() {
	return <Parties kind="affiliate" />;
}
