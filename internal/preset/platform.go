package preset

import (
	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

// kindPlatform is an ad platform that learns by a conversion API which of its
// clicks earn money.
const kindPlatform = "ad platform"

// FieldJSON is a JSON object, as it was given.
const FieldJSON FieldKind = "json"

// platforms are the conversion APIs of ad platforms. Each is told of
// approved conversions alone, and of each once.
func platforms() []Preset {
	return []Preset{meta(), google(), tiktok()}
}

// told is a subscription to approved conversions, whether they are approved when
// they are made or later.
func told(f delivery.Format, parameters map[string]string, extra ...conversion.Event) delivery.Subscription {
	s := delivery.Default()
	s.Format, s.Parameters = f, parameters
	s.On = append([]conversion.Event{conversion.EventCreated, conversion.EventApproved}, extra...)
	s.Statuses = []conversion.Status{conversion.Approved}
	return s
}

func identifiersField() Field {
	return Field{
		Name: "identifiers", Kind: FieldText, Open: true, Example: "email",
		Doc: "Personal identifiers that may be told, as SHA-256 digests: email, customer_id or both, with a comma. You need the customers' consent.",
	}
}

func meta() Preset {
	return Preset{
		Key: "meta", Name: "Meta Conversions API", Kind: kindPlatform, For: forAnyone,
		Fields: []Field{
			{Name: "dataset_id", Kind: FieldNumber, Doc: "The number of the dataset (pixel), from Events Manager.", Example: "1234567890123456"},
			{Name: "access_token", Kind: FieldSecret, Doc: "The dataset's access token, from Events Manager, Settings, Conversions API."},
			{Name: "event", Kind: FieldText, Doc: "What conversions are called.", Default: "Purchase", Example: "Lead"},
			{Name: "event_source_url", Kind: FieldURL, Doc: "The page where conversions happen. Needed where the visitor's user agent may be told.", Example: "https://shop.example.com/thanks", Open: true},
			{Name: "test_event_code", Kind: FieldText, Doc: "From Events Manager, Test events; for test conversions.", Example: "TEST12345", Open: true},
			identifiersField(),
		},
		Subscription: told(delivery.MetaCAPI, map[string]string{
			"dataset_id": "<dataset_id>", "access_token": "<access_token>", "event": "<event>",
			"event_source_url": "<event_source_url>", "test_event_code": "<test_event_code>", "identifiers": "<identifiers>",
		}),
		Notes: []string{
			"Ads must lead to the tracking link itself, or to a page that hands fbclid on to it.",
			"A pixel on the same pages sends the conversion's ID as eventID, or both count.",
		},
		Source: "https://developers.facebook.com/docs/marketing-api/conversions-api/parameters (Graph API v26.0)",
	}
}

func google() Preset {
	return Preset{
		Key: "google", Name: "Google Data Manager API (Google Ads)", Kind: kindPlatform, For: forAnyone,
		Fields: []Field{
			{Name: "account_id", Kind: FieldText, Doc: "The customer ID of the Google Ads account that owns the conversion action.", Example: "123-456-7890"},
			{Name: "conversion_action_id", Kind: FieldNumber, Doc: "The number of the conversion action: ctId in its address in Google Ads.", Example: "987654321"},
			{Name: "service_account", Kind: FieldJSON, Doc: "The JSON key file of a service account that is a user of the account."},
			{Name: "login_account_id", Kind: FieldText, Doc: "The customer ID of the manager account, if the service account is a user of that.", Example: "234-567-8901", Open: true},
			identifiersField(),
		},
		Subscription: googleTold(),
		Notes: []string{
			"The conversion action is of the kind for imports from clicks (UPLOAD_CLICKS), or for a website with the Google tag.",
			"Ads must lead to the tracking link itself, or to a page that hands gclid, gbraid and wbraid on to it.",
			"Amounts that change are told anew; a conversion that is reversed is told anew with the value 0, since the API cannot take it back whole.",
		},
		Source: "https://developers.google.com/data-manager/api/reference/rest/v1/events/ingest (v1)",
	}
}

// googleTold hears of changes too, which Google knows by the conversion's ID.
func googleTold() delivery.Subscription {
	s := told(delivery.GoogleDataManager, map[string]string{
		"account_id": "<account_id>", "conversion_action_id": "<conversion_action_id>", "service_account": "<service_account>",
		"login_account_id": "<login_account_id>", "identifiers": "<identifiers>",
	}, conversion.EventUpdated, conversion.EventReversed)
	s.Statuses = []conversion.Status{conversion.Approved, conversion.Rejected}
	return s
}

func tiktok() Preset {
	return Preset{
		Key: "tiktok", Name: "TikTok Events API", Kind: kindPlatform, For: forAnyone,
		Fields: []Field{
			{Name: "pixel_code", Kind: FieldText, Doc: "The pixel's code, from Events Manager.", Example: "C4A1B2C3D4E5F6G7H8I9"},
			{Name: "access_token", Kind: FieldSecret, Doc: "The pixel's access token, from Events Manager, Settings, Events API."},
			{Name: "event", Kind: FieldText, Doc: "What conversions are called.", Default: "Purchase", Example: "CompleteRegistration"},
			{Name: "page_url", Kind: FieldURL, Doc: "The page where conversions happen.", Example: "https://shop.example.com/thanks"},
			{Name: "test_event_code", Kind: FieldText, Doc: "From Events Manager, Test events; for test conversions.", Example: "TEST12345", Open: true},
			identifiersField(),
		},
		Subscription: told(delivery.TikTokEvents, map[string]string{
			"pixel_code": "<pixel_code>", "access_token": "<access_token>", "event": "<event>",
			"page_url": "<page_url>", "test_event_code": "<test_event_code>", "identifiers": "<identifiers>",
		}),
		Notes: []string{
			"Ads must lead to the tracking link itself, or to a page that hands ttclid on to it.",
			"A pixel on the same pages sends the conversion's ID as event_id, or both count.",
		},
		Source: "https://business-api.tiktok.com/portal/docs?id=1771100865818625 (Events API 2.0, v1.3)",
	}
}
