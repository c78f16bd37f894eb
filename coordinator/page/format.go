package page

import (
	"html/template"
)

// functions are what templates call.
var functions = template.FuncMap{
	"short": func(id string) string { return id[:min(len(id), 12)] },
}
