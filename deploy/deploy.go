// Package deploy holds the files that an installation starts from. The binary
// carries them, so that it works where nobody has put any.
package deploy

import "embed"

// Alertmanager is the default configuration of the embedded Alertmanager,
// alertmanager.yml, with the templates of its messages.
//
//go:embed alertmanager.yml templates/*.tmpl
var Alertmanager embed.FS

// Rules is the default rule-set, rules/*.yml.
//
//go:embed rules/*.yml
var Rules embed.FS
