import { api } from "../../../api/client.ts";
import { type Edit, useEdit } from "../../../api/edit.ts";
import { ifMatch, type Tagged } from "../../../api/record.ts";
import type { Offer } from "../types.ts";

/** The draft of an offer. */
export function useOfferEdit(record: Tagged<Offer>): Edit<Offer> {
	const path = { id: record.value.id ?? 0 };
	return useEdit<Offer>(record, {
		send: (patch, etag) =>
			api.PATCH("/api/v1/offers/{id}", {
				params: { path, header: ifMatch(etag) },
				body: patch as never,
			}),
		reread: () => api.GET("/api/v1/offers/{id}", { params: { path } }),
		touches: ["offers"],
	});
}
