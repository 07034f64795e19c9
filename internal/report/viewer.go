package report

// Metrics gives those of the metrics that the viewer may ask for, in their order.
func (v Viewer) Metrics(names ...string) []string {
	var all []string
	for _, name := range names {
		if _, ok := findMetric(name, v); ok {
			all = append(all, name)
		}
	}
	return all
}
