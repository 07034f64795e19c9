package receiver

import (
	"slices"

	"waybill/internal/fault"
	"waybill/internal/macro"
	"waybill/internal/preset"
)

// needsClick reports a plan without a click ID whose subscription was made of a
// ready template that has a place for one: its receiver drops whatever comes
// without. Whoever writes for a receiver of another kind leaves template open.
func (p *Plan) needsClick(template string) error {
	t, err := preset.Find(template)
	if p == nil || err != nil {
		return nil //nolint:nilerr // whether there is such a template is for others to say
	}
	if !slices.ContainsFunc(t.Fields, func(f preset.Field) bool { return f.Kind == preset.FieldClickID }) {
		return nil
	}
	return fault.Within(p.place(), macro.NeedClick(p.Names(), t.Name))
}
