package main

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"phusong/dashboards/access"
	"phusong/telemetry"
)

type accountsCmd struct {
	Add      accountsAddCmd      `cmd:"" help:"Make an account, or a token when the name begins with @, and print its secret once."`
	List     accountsListCmd     `cmd:"" help:"List accounts and tokens."`
	Remove   accountsRemoveCmd   `cmd:"" help:"Remove accounts or tokens; who is logged in is out at once."`
	Password accountsPasswordCmd `cmd:"" help:"Give an account or a token another secret, and print it once."`
}

// accountsFile is the file that access.accounts_file names. A running service reads it
// again by itself.
type accountsFile struct {
	File string `default:"secrets/console/accounts" help:"File of the accounts, as access.accounts_file names it."`
}

type accountsAddCmd struct {
	accountsFile
	Role          string   `required:"" enum:"viewer,field,operations,liaison,admin" help:"viewer, field, operations, liaison or admin."`
	Area          []string `placeholder:"CODE" help:"Commune or province; may be repeated; none: everywhere."`
	PasswordStdin bool     `help:"Read the password from standard input instead of making one."`
	Name          string   `arg:"" help:"Name to log in with; @name for a program's token."`
}

// Run makes the account.
func (c *accountsAddCmd) Run(p *process) error {
	all, err := access.ReadFile(c.File)
	if err != nil {
		return err
	}
	if find(all, c.Name) >= 0 {
		return fmt.Errorf("there is an account %s already; phusong accounts password gives it another password", c.Name)
	}
	a := access.Account{Name: c.Name, Role: access.Role(c.Role)}
	for _, code := range c.Area {
		a.Areas = append(a.Areas, telemetry.AreaCode(code))
	}
	secret, err := giveSecret(p, &a, c.PasswordStdin)
	if err != nil {
		return err
	}
	if err := access.WriteFile(c.File, append(all, a)); err != nil {
		return err
	}
	return tellSecret(p, a.Name, secret)
}

// giveSecret returns what is to be shown; empty when whoever called knows it.
func giveSecret(p *process, a *access.Account, read bool) (secret string, err error) {
	if a.IsToken() {
		if read {
			return "", errors.New("a token is made, not chosen: leave --password-stdin out")
		}
		secret, a.Hash = access.NewToken()
		return secret, nil
	}
	if !read {
		secret = newSecret()
		a.Hash, err = access.HashPassword(secret)
		return secret, err
	}
	if p.stdin == nil {
		return "", errors.New("there is no standard input to read the password from")
	}
	line, err := bufio.NewReader(p.stdin).ReadString('\n')
	if line == "" && err != nil {
		return "", errors.New("standard input holds no password")
	}
	a.Hash, err = access.HashPassword(strings.TrimRight(line, "\r\n"))
	return "", err
}

func tellSecret(p *process, name, secret string) error {
	if secret == "" {
		_, err := fmt.Fprintf(p.stdout, "%s has the password that was given\n", name)
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "%s %s\n", name, secret)
	return err
}

func find(all []access.Account, name string) int {
	return slices.IndexFunc(all, func(a access.Account) bool { return a.Name == name })
}

type accountsListCmd struct{ accountsFile }

// Run lists without secrets.
func (c *accountsListCmd) Run(p *process) error {
	all, err := access.ReadFile(c.File)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(p.stdout, "there are no accounts in %s\n", c.File)
		return err
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tROLE\tAREAS")
	for _, a := range all {
		areas := make([]string, len(a.Areas))
		for i, code := range a.Areas {
			areas[i] = string(code)
		}
		if len(areas) == 0 {
			areas = []string{"everywhere"}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", a.Name, a.Role, strings.Join(areas, ","))
	}
	return table.Flush()
}

type accountsRemoveCmd struct {
	accountsFile
	Name []string `arg:"" help:"Names as listed."`
}

// Run removes.
func (c *accountsRemoveCmd) Run(p *process) error {
	all, err := access.ReadFile(c.File)
	if err != nil {
		return err
	}
	for _, name := range c.Name {
		i := find(all, name)
		if i < 0 {
			return fmt.Errorf("there is no account %s in %s", name, c.File)
		}
		all = slices.Delete(all, i, i+1)
	}
	if err := access.WriteFile(c.File, all); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "removed %s\n", strings.Join(c.Name, ", "))
	return err
}

type accountsPasswordCmd struct {
	accountsFile
	PasswordStdin bool   `help:"Read the password from standard input instead of making one."`
	Name          string `arg:"" help:"Name as listed."`
}

// Run changes the secret. Sessions that began with the old one end.
func (c *accountsPasswordCmd) Run(p *process) error {
	all, err := access.ReadFile(c.File)
	if err != nil {
		return err
	}
	i := find(all, c.Name)
	if i < 0 {
		return fmt.Errorf("there is no account %s in %s", c.Name, c.File)
	}
	secret, err := giveSecret(p, &all[i], c.PasswordStdin)
	if err != nil {
		return err
	}
	if err := access.WriteFile(c.File, all); err != nil {
		return err
	}
	return tellSecret(p, c.Name, secret)
}
