package conf

import "testing"

func TestSecretsOfLines(t *testing.T) {
	for raw, want := range map[string]string{
		"lxc.environment = DB_PASS=hush\n":                        "lxc.environment = DB_PASS=***\n",
		"lxc.environment = \"A=hush hush\"  \r\n":                 "lxc.environment = \"A=***\"  \r\n",
		"lxc.environment = PATH=/bin:/usr/bin\n":                  "lxc.environment = PATH=/bin:/usr/bin\n",
		"lxc.environment = LC_ALL=C\n":                            "lxc.environment = LC_ALL=C\n",
		"lxc.environment.hooks = A=hush\n":                        "lxc.environment.hooks = A=***\n",
		"lxc.environment = HOME\n":                                "lxc.environment = HOME\n",
		"lxc.environment = A=\n":                                  "lxc.environment = A=\n",
		"lxc.environment =\n":                                     "lxc.environment =\n",
		"#lxc.environment = A=hush\n":                             "#lxc.environment = A=***\n",
		"## lxc.environment=A=hush":                               "## lxc.environment=A=***",
		"# the password: hush\n":                                  "# the password: ***\n",
		"lxc.hook.start = /x --auth hush -v\n":                    "lxc.hook.start = /x --auth *** -v\n",
		"lxc.hook.start = /x https://u:hush@h/\n":                 "lxc.hook.start = /x https://u:***@h/\n",
		"lxc.mount.entry = //h/s s cifs user=a,password=hush 0 0": "lxc.mount.entry = //h/s s cifs user=a,password=*** 0 0",
		"lxc.seccomp.notify.cookie = hush\n":                      "lxc.seccomp.notify.cookie = ***\n",
		"lxc.environment DB_PASSWORD=hush\n":                      "lxc.environment DB_PASSWORD=***\n",
		"  lxc.environment \tword=hush = x \r\n":                  "  lxc.environment \tword=*** \r\n",
		"lxc.environment hush":                                    "lxc.environment ***",
		"lxc.environment A hush\n":                                "lxc.environment ***\n",
		"lxc.enviroment = word=hush\n":                            "lxc.enviroment = word=***\n",
		"lxc.enviroment word=hush\n":                              "lxc.enviroment word=***\n",
		"#lxc.environment word=hush\n":                            "#lxc.environment word=***\n",
		"lxc.hook.start /x --auth hush\n":                         "lxc.hook.start /x --auth ***\n",
		"lxc.hook.start = /bin/curl -u a:hush h\n":                "lxc.hook.start = /bin/curl -u a:*** h\n",
		"# password is hush\n":                                    "# password is ***\n",
		"# the password of root: hush hush \n":                    "# the password *** \n",
		"# see https://u:hush@h, token x y\n":                     "# see https://u:***@h, token ***\n",
		"token=hush\n":                                            "token=***\n",
		"lxc.uts.name = web\n":                                    "lxc.uts.name = web\n",
		"\n":                                                      "\n",
	} {
		l := parseLine(raw)
		if got := l.Shown(); got != want {
			t.Errorf("%q is shown as %q, want %q", raw, got, want)
		}
	}
	if got := Hide("abc", [][2]int{{1, 2}, {0, 1}, {2, 9}}); got != "a***c" {
		t.Errorf("Hide of ranges that are none: %q", got)
	}
}
