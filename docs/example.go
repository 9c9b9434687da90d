// Package docs holds what the program itself gives out of its documents.
package docs

import _ "embed" // config.toml

//go:embed config.toml
var example string

// Example is a config.toml with every setting, commented out.
func Example() string { return example }
