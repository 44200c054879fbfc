package main

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

type secretsCmd struct {
	Init   secretsInitCmd   `cmd:"" help:"Make what is missing: an authority, certificates, passwords, tokens, the console's first account. What is there stays."`
	Device secretsDeviceCmd `cmd:"" help:"Give devices a password at the broker, and print it once."`
}

// secretsFolder is where the stack's secrets lie. The folder is closed to other
// users of the machine; the files in it are not, because each is mounted into a
// container whose user has another number.
type secretsFolder struct {
	Dir string `default:"secrets" help:"Folder of the secrets."`
}

func (f secretsFolder) path(name string) string { return filepath.Join(f.Dir, name) }

// The accounts at the broker that are not devices.
const (
	brokerPasswords  = "mosquitto.passwd"
	serviceAccount   = "phusong"
	simulatorAccount = "simulator"
)

type secretsInitCmd struct {
	secretsFolder
	Host []string `default:"localhost" help:"Names and addresses by which devices and people reach the server."`
}

// generated are the files that hold nothing but a random text.
var generated = []string{
	"mqtt-" + serviceAccount + ".password", "mqtt-" + simulatorAccount + ".password",
	"influxdb-admin.password", "influxdb-admin.token", "influxdb-grafana.password", "grafana-admin.password",
}

// Run makes what is missing.
func (c *secretsInitCmd) Run(p *process) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of secrets: %w", err)
	}
	var made []string
	for _, name := range generated {
		err := writeNewFile(c.path(name), []byte(newSecret()))
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		made = append(made, name)
	}
	certified, err := c.certify(time.Now())
	if err != nil {
		return err
	}
	made = append(made, certified...)
	for _, account := range []string{serviceAccount, simulatorAccount} {
		password, err := os.ReadFile(c.path("mqtt-" + account + ".password"))
		if err != nil {
			return fmt.Errorf("reading the password of %s: %w", account, err)
		}
		if err := c.admit(account, string(password)); err != nil {
			return err
		}
	}
	secret, admitted, err := c.firstAccount()
	if err != nil {
		return err
	}
	made = append(made, admitted...)
	if len(made) == 0 {
		_, err = fmt.Fprintf(p.stdout, "nothing was missing in %s\n", c.Dir)
		return err
	}
	if _, err = fmt.Fprintf(p.stdout, "made in %s: %s\n", c.Dir, strings.Join(made, ", ")); err != nil || secret == "" {
		return err
	}
	return tellSecret(p, firstAdministrator, secret)
}

// The accounts of the console lie in a folder of their own, because it is the folder that
// is mounted: whoever changes accounts puts another file in the place of the one before.
const (
	accountsFolder     = "console"
	accountsName       = "accounts"
	firstAdministrator = "admin"
	firstPassword      = "phusong-admin.password"
)

// firstAccount makes the accounts with one administrator, when there are none, and its
// password, when there is none; secret is empty when nothing was made.
func (c *secretsInitCmd) firstAccount() (secret string, made []string, err error) {
	path := filepath.Join(c.path(accountsFolder), accountsName)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return "", nil, err
	}
	secret = newSecret()
	err = createFile(c.path(firstPassword), []byte(secret), 0o600) // nobody but people needs it
	switch {
	case err == nil:
		made = append(made, firstPassword)
	case errors.Is(err, os.ErrExist):
		kept, err := os.ReadFile(c.path(firstPassword))
		if err != nil {
			return "", nil, fmt.Errorf("reading the password of %s: %w", firstAdministrator, err)
		}
		secret = strings.TrimSpace(string(kept))
	default:
		return "", nil, err
	}
	a := access.Account{Name: firstAdministrator, Role: access.Admin}
	if a.Hash, err = access.HashPassword(secret); err != nil {
		return "", nil, err
	}
	// Open to readers before it is written: WriteFile keeps that.
	if err := os.MkdirAll(c.path(accountsFolder), 0o755); err != nil { //nolint:gosec // see secretsFolder
		return "", nil, fmt.Errorf("making the folder of accounts: %w", err)
	}
	if err := writeNewFile(path, nil); err != nil {
		return "", nil, fmt.Errorf("making the accounts: %w", err)
	}
	if err := access.WriteFile(path, []access.Account{a}); err != nil {
		return "", nil, errors.Join(fmt.Errorf("writing the accounts: %w", err), os.Remove(path))
	}
	return secret, append(made, accountsFolder+"/"+accountsName), nil
}

type secretsDeviceCmd struct {
	secretsFolder
	Device []string `arg:"" help:"Ids of devices, as in the registry."`
}

// Run gives each device a new password. One that had a password has another then.
func (c *secretsDeviceCmd) Run(p *process) error {
	for _, id := range c.Device {
		if _, err := telemetry.ParseDeviceID(id); err != nil {
			return err
		}
		if id == serviceAccount || id == simulatorAccount {
			return fmt.Errorf("%s is an account of the stack: a device cannot bear its name", id)
		}
		password := newSecret()
		if err := c.admit(id, password); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.stdout, "%s %s\n", id, password); err != nil {
			return err
		}
	}
	return nil
}

// newSecret returns 192 random bits as text that no file format minds.
func newSecret() string {
	raw := make([]byte, 24)
	_, _ = rand.Read(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// writeNewFile writes a file that must not be there yet; see secretsFolder for who may read it.
func writeNewFile(path string, data []byte) error { return createFile(path, data, 0o644) }

func createFile(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// admit gives an account a password in the broker's file. The file is written
// in place: a container that has it mounted would not see another one under its
// name. An account whose password is that already is left alone.
func (f secretsFolder) admit(account, password string) error {
	path := f.path(brokerPasswords)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("reading the broker's passwords: %w", err)
	}
	lines := strings.Split(strings.TrimRight(string(old), "\n"), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, account+":") })
	if at >= 0 && mosquittoVerify(strings.TrimPrefix(lines[at], account+":"), password) {
		return nil
	}
	hash, err := mosquittoHash(password)
	if err != nil {
		return err
	}
	line := account + ":" + hash
	if at >= 0 {
		lines[at] = line
	} else {
		lines = append(lines, line)
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil { //nolint:gosec // see secretsFolder
		return fmt.Errorf("writing the broker's passwords: %w", err)
	}
	return nil
}

// Mosquitto's own format of a password: $7$iterations$salt$hash, PBKDF2 with
// SHA-512 and a key of 64 bytes (mosquitto_passwd(1)). The passwords have 192
// random bits: the iterations are Mosquitto's default, so that thousands of
// devices that come back at once do not stop the broker.
const (
	mosquittoIterations = 101
	mosquittoSalt       = 12
)

func mosquittoHash(password string) (string, error) {
	salt := make([]byte, mosquittoSalt)
	_, _ = rand.Read(salt) // never fails
	key, err := pbkdf2.Key(sha512.New, password, salt, mosquittoIterations, sha512.Size)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("$7$%d$%s$%s", mosquittoIterations, encode(salt), encode(key)), nil
}

func mosquittoVerify(hash, password string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 5 || parts[1] != "7" || parts[2] != fmt.Sprint(mosquittoIterations) {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil {
		return false
	}
	key, err := pbkdf2.Key(sha512.New, password, salt, mosquittoIterations, sha512.Size)
	return err == nil && base64.StdEncoding.EncodeToString(key) == parts[4]
}
