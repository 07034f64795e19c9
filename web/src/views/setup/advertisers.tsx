import { Parties } from "./parties.tsx";

/** Who pays for conversions. */
export default function Advertisers() {
	return <Parties kind="advertiser" />;
}
