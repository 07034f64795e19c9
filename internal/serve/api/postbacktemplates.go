package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/preset"
)

// postbackTemplate is a ready template as the API shows it.
type postbackTemplate struct {
	Key      string         `json:"key" doc:"Goes into template of POST postbacks."`
	Name     string         `json:"name"`
	Kind     string         `json:"kind" doc:"What the receiver is, such as tracker or network."`
	For      string         `json:"for" doc:"Whose postbacks it is meant for."`
	Fields   []preset.Field `json:"fields" doc:"What goes into fill of POST postbacks, by name."`
	Postback any            `json:"postback" doc:"What it makes; <so> marks the place of a field."`
	Notes    []string       `json:"notes" doc:"What to set at the receiver, and what is good to know."`
	Source   string         `json:"source" doc:"The public description that it was made from."`
}

func (a *API) registerPostbackTemplates(h huma.API, s *schemas) {
	type templatesIn struct{ caller }
	shown := schemaOf[postbackTemplate](s)
	s.all["PostbackTemplate"].Properties["postback"] = ref("Postback")
	handle(h, route{
		method: http.MethodGet, path: prefix + "/templates/postbacks", id: "list-postback-templates", tag: "Postbacks",
		summary: "Ready templates for receivers", roles: []account.Role{account.Advertiser, account.Affiliate},
		out: s.list("PostbackTemplateList", shown),
		text: "For trackers, networks, ad servers and the conversion APIs of ad platforms, each by its public description. " +
			"`POST postbacks` with `template` and `fill` makes a subscription of one.",
	}, func(context.Context, *templatesIn) (*answer, error) { return postbackTemplates() })
}

func postbackTemplates() (*answer, error) {
	return answerList(preset.All(), "", func(t *preset.Preset) (object, error) {
		made, err := objectOf(t.Subscription)
		if err != nil {
			return nil, err
		}
		return objectOf(postbackTemplate{
			Key: t.Key, Name: t.Name, Kind: t.Kind, For: t.For, Fields: t.Fields, Notes: t.Notes, Source: t.Source,
			Postback: made.without("id").without("owner"),
		})
	})
}
