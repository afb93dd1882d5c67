// Reads manifests, JSON lists of objects, from standard input, and decodes each as the API server would with strict
// field validation: an unknown field, a field given twice and a wrong type are errors. Prints one line for each fault.
// Kinds that are not Kubernetes' own are named on a line of their own: `skip KIND`.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	var manifests []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&manifests); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	for index, manifest := range manifests {
		_, kind, err := strict.Decode(manifest, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			fmt.Printf("skip %s\n", kind.Kind)
			continue
		}
		if err != nil {
			fmt.Printf("fault %d %v\n", index, err)
		}
	}
}
