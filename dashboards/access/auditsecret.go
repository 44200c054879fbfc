package access

import "regexp"

// What somebody sent is recorded, but never a secret in it: no operation asks for one, and
// people paste them all the same.
var (
	secretMember = regexp.MustCompile(`(?i)("[^"]*(?:password|passwd|secret|token|csrf|credential|api_?key|authorization)[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*(?:"|\\?$)|[\[{](?s:.*)|[^\s,}\]"]+)`)
	secretField  = regexp.MustCompile(`(?i)(\b(?:password|passwd|secret|token)=)[^&\s"]+`)
	secretText   = regexp.MustCompile(tokenPrefix + `[A-Za-z0-9_-]{16,}|\$argon2id\$[^\s"]+|(?i:bearer\s+)[A-Za-z0-9._~+/=-]{16,}|sha256\$[0-9a-f]{16,}`)
)

const hidden = `***`

// withoutSecrets makes passwords and tokens of a text, which may be cut off, unreadable.
func withoutSecrets(text string) string {
	text = secretMember.ReplaceAllString(text, `${1}"`+hidden+`"`)
	text = secretField.ReplaceAllString(text, "${1}"+hidden)
	return secretText.ReplaceAllString(text, hidden)
}
