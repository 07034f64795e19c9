import type { Schema } from "../../api/client.ts";

export type Offer = Schema["Offer"];
export type Goal = Schema["Goal"];
export type Term = Schema["Term"];
export type Price = Schema["Price"];
export type Cap = Schema["Cap"];
export type Advertiser = Schema["Advertiser"];
export type Affiliate = Schema["Affiliate"];
