// Package check looks at what installs the exporter: the Helm chart, the plain manifests, the systemd unit and the packages. It is a module of its own, so that
// Helm and the types of Kubernetes stay out of the exporter's.
package check

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// release says how the chart is rendered.
type release struct {
	name, namespace string
	manager         string // Release.Service: "Helm", or "" for manifests that are applied without it
	values          map[string]any
}

// rendered is what a chart makes of a release.
type rendered struct {
	manifests []manifest // in the order of their templates
	notes     string
}

// manifest is one object: as text, and as a pointer to the type that the API has for it.
type manifest struct {
	template string
	text     []byte
	object   meta.Object
}

// render renders a chart and decodes every manifest strictly.
func render(c *chart.Chart, r release) (rendered, error) {
	options := chartutil.ReleaseOptions{Name: r.name, Namespace: r.namespace, Revision: 1, IsInstall: true}
	values, err := chartutil.ToRenderValues(c, r.values, options, nil)
	if err != nil {
		return rendered{}, err
	}
	values["Release"].(map[string]any)["Service"] = r.manager
	files, err := engine.Render(c, values)
	if err != nil {
		return rendered{}, err
	}
	var all rendered
	for _, name := range slices.Sorted(maps.Keys(files)) {
		template := path.Base(name)
		if template == "NOTES.txt" {
			all.notes = files[name]
			continue
		}
		documents, err := split([]byte(files[name]))
		if err != nil {
			return rendered{}, fmt.Errorf("%s: %w", template, err)
		}
		for _, text := range documents {
			object, err := decode(text)
			if err != nil {
				return rendered{}, fmt.Errorf("%s: %w\n%s", template, err, text)
			}
			all.manifests = append(all.manifests, manifest{template, text, object})
		}
	}
	return all, nil
}

// split divides a YAML stream into its documents. Empty ones are left out.
func split(stream []byte) (documents [][]byte, err error) {
	reader := kubeyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			documents = append(documents, append(text, '\n'))
		}
	}
}

// decode reads a manifest into its API's type, and refuses fields that the type does not have.
func decode(text []byte) (meta.Object, error) {
	var kind meta.TypeMeta
	if err := yaml.Unmarshal(text, &kind); err != nil {
		return nil, err
	}
	object := newObject(kind)
	if object == nil {
		return nil, fmt.Errorf("no such kind: %+v", kind)
	}
	return object, yaml.UnmarshalStrict(text, object)
}

// newObject makes an empty object of one of the kinds that the chart has; nil for all others.
func newObject(kind meta.TypeMeta) meta.Object {
	switch kind.APIVersion + " " + kind.Kind {
	case "apps/v1 StatefulSet":
		return &apps.StatefulSet{}
	case "v1 ConfigMap":
		return &core.ConfigMap{}
	case "v1 Service":
		return &core.Service{}
	case "v1 ServiceAccount":
		return &core.ServiceAccount{}
	case "networking.k8s.io/v1 NetworkPolicy":
		return &networking.NetworkPolicy{}
	case "monitoring.coreos.com/v1 ServiceMonitor":
		return &monitoring.ServiceMonitor{}
	case "monitoring.coreos.com/v1 PodMonitor":
		return &monitoring.PodMonitor{}
	case "monitoring.coreos.com/v1 PrometheusRule":
		return &monitoring.PrometheusRule{}
	}
	return nil
}

// the returns the only object of a type.
func the[T meta.Object](r rendered) (one T, err error) {
	objects := every[T](r)
	if len(objects) != 1 {
		return one, fmt.Errorf("%d of %T", len(objects), one)
	}
	return objects[0], nil
}

// every returns the objects of a type.
func every[T meta.Object](r rendered) (objects []T) {
	for _, m := range r.manifests {
		if o, ok := m.object.(T); ok {
			objects = append(objects, o)
		}
	}
	return objects
}
