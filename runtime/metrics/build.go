package metrics

import dto "github.com/prometheus/client_model/go"

// build makes the families of all rows, without those that have no series. All
// series of a family lie in three arrays: 300 containers make 15,000 of them.
func build(families []family, rows []row, l *labels) []*dto.MetricFamily {
	sets := make([]*labelsOf, len(rows))
	for i := range rows {
		sets[i] = l.get(rows[i].c.Ref)
	}
	var out []*dto.MetricFamily
	extra := 0 // series with a label of their own so far
	for i := range families {
		f := &families[i]
		if made := f.build(rows, sets, extra); len(made.Metric) > 0 {
			out = append(out, made)
		}
		if f.label != "" {
			extra += len(f.series)
		}
	}
	return out
}

func (f *family) build(rows []row, sets []*labelsOf, extra int) *dto.MetricFamily {
	n := len(rows) * len(f.series)
	values, metrics := make([]float64, 0, n), make([]dto.Metric, n)
	made := head(f.name, f.help, f.counter)
	made.Metric = make([]*dto.Metric, 0, n)
	for i := range rows {
		for j := range f.series {
			v, ok := f.series[j].value(&rows[i])
			if !ok {
				continue
			}
			values = append(values, v)
			m := &metrics[len(values)-1]
			if m.Label = sets[i].plain; f.label != "" {
				m.Label = sets[i].own[extra+j]
			}
			made.Metric = append(made.Metric, m)
		}
	}
	if f.counter {
		of := make([]dto.Counter, len(values))
		for i, m := range made.Metric {
			of[i].Value, m.Counter = &values[i], &of[i]
		}
		return made
	}
	of := make([]dto.Gauge, len(values))
	for i, m := range made.Metric {
		of[i].Value, m.Gauge = &values[i], &of[i]
	}
	return made
}
