package grid

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are those of a grid file, by name.
var functions = map[string]function.Function{
	"range":  guarded(rangeOf),
	"concat": guarded(stdlib.ConcatFunc),
	"pow":    guarded(power),
	"min":    guarded(stdlib.MinFunc),
	"max":    guarded(stdlib.MaxFunc),
}

// usage shows how to call each function. It is the remedy of a failed call.
var usage = map[string]string{
	"range":  fmt.Sprintf("write range(END), range(START, END) or range(START, END, STEP) with numbers that give at most %d values", rangeLength),
	"concat": "write concat(LIST, LIST, …), such as concat([1, 2], range(3, 10))",
	"pow":    "write pow(BASE, EXPONENT) with numbers, such as pow(10, -3)",
	"min":    "write min(NUMBER, NUMBER, …), or min(LIST...) for a list of numbers",
	"max":    "write max(NUMBER, NUMBER, …), or max(LIST...) for a list of numbers",
}

// rangeLength is the greatest number of values that range makes.
const rangeLength = 1024

var (
	errNotFinite = errors.New("this is not a finite number: write smaller numbers")
	errHuge      = fmt.Errorf("this number is out of range: it must be 0, or have a size from %.2g to %.2g", math.Ldexp(1, -maxExponent), math.MaxFloat64)
	errFailed    = errors.New("this cannot be computed: write another expression")
)

// guarded returns f with two more errors: one for a result that is not a finite
// number within maxExponent, and one that replaces a panic. go-cty turns a panic of
// a function into an error whose text is a stack trace.
func guarded(f function.Function) function.Function {
	return function.New(&function.Spec{
		Params: f.Params(), VarParam: f.VarParam(),
		Type: func(arguments []cty.Value) (cty.Type, error) {
			result, err := f.ReturnTypeForValues(arguments)
			return result, withoutPanic(err)
		},
		Impl: func(arguments []cty.Value, _ cty.Type) (cty.Value, error) {
			value, err := f.Call(arguments)
			if err != nil {
				return cty.NilVal, withoutPanic(err)
			}
			return value, outOfRange(value)
		},
	})
}

// withoutPanic replaces an error that stands for a panic.
func withoutPanic(err error) error {
	if panicked := (function.PanicError{}); errors.As(err, &panicked) {
		if _, undefined := panicked.Value.(big.ErrNaN); undefined {
			return errNotFinite
		}
		return errFailed
	}
	return err
}

// outOfRange returns an error for a number that no setting can hold.
func outOfRange(value cty.Value) error {
	switch {
	case value.Type() != cty.Number || !value.IsKnown() || value.IsNull():
		return nil
	case value.AsBigFloat().IsInf():
		return errNotFinite
	case isHuge(value):
		return errHuge
	}
	return nil
}

// newNumbers returns a function of n numbers, of any number if n is 0.
func newNumbers(n int, result cty.Type, compute func(numbers []*big.Float) (cty.Value, error)) function.Function {
	names := [...]string{"a", "b"}
	spec := &function.Spec{
		Type: function.StaticReturnType(result),
		Impl: func(arguments []cty.Value, _ cty.Type) (cty.Value, error) {
			numbers := make([]*big.Float, len(arguments))
			for i, argument := range arguments {
				if err := outOfRange(argument); err != nil { // a text that was converted
					return cty.NilVal, err
				}
				numbers[i] = argument.AsBigFloat()
			}
			return compute(numbers)
		},
	}
	for i := range n {
		spec.Params = append(spec.Params, function.Parameter{Name: names[i], Type: cty.Number})
	}
	if n == 0 {
		spec.VarParam = &function.Parameter{Name: "numbers", Type: cty.Number}
	}
	return function.New(spec)
}

var power = newNumbers(2, cty.Number, func(numbers []*big.Float) (cty.Value, error) {
	base, exponent := nearest(numbers[0]), nearest(numbers[1])
	result := math.Pow(base, exponent)
	switch {
	case math.IsNaN(result):
		return cty.NilVal, fmt.Errorf("the power %[2]g of %[1]g is not a real number: give a base of at least 0, or a whole exponent", base, exponent)
	case math.IsInf(result, 0) && base == 0:
		return cty.NilVal, fmt.Errorf("the power %g of 0 divides by 0: give another base, or an exponent of at least 0", exponent)
	case math.IsInf(result, 0), result == 0 && base != 0:
		return cty.NilVal, errHuge
	}
	return cty.NumberFloatVal(result), nil
})

// rangeOf makes equally spaced numbers. It compares with the end in float64, so
// that range(0, 1, 0.1) has ten values.
var rangeOf = newNumbers(0, cty.List(cty.Number), func(numbers []*big.Float) (cty.Value, error) {
	start, end, step := new(big.Float), new(big.Float), big.NewFloat(1)
	switch len(numbers) {
	case 1:
		end = numbers[0]
	case 2:
		start, end = numbers[0], numbers[1]
	case 3:
		start, end, step = numbers[0], numbers[1], numbers[2]
	default:
		return cty.NilVal, fmt.Errorf("it has %d arguments", len(numbers))
	}
	direction := end.Cmp(start)
	if len(numbers) < 3 && direction < 0 {
		step = big.NewFloat(-1)
	}
	switch {
	case step.Sign() == 0:
		return cty.NilVal, errors.New("the step is 0")
	case direction != 0 && direction != step.Sign():
		return cty.NilVal, fmt.Errorf("steps of %g do not lead from %g to %g", nearest(step), nearest(start), nearest(end))
	}
	var values []cty.Value
	for {
		value := new(big.Float).SetPrec(precision).SetInt64(int64(len(values)))
		value.Add(value.Mul(value, step), start)
		if direction*cmpNearest(value, end) >= 0 {
			break
		}
		if len(values) == rangeLength {
			return cty.NilVal, fmt.Errorf("this gives more than %d values", rangeLength)
		}
		values = append(values, cty.NumberVal(value))
	}
	if len(values) == 0 {
		return cty.ListValEmpty(cty.Number), nil
	}
	return cty.ListVal(values), nil
})

// precision is that of go-cty's numbers, in bits.
const precision = 512

var divide = newNumbers(2, cty.Number, func(numbers []*big.Float) (cty.Value, error) {
	if numbers[1].Sign() == 0 {
		return cty.NilVal, errors.New("this divides by 0: write another divisor")
	}
	return cty.NumberVal(new(big.Float).SetPrec(precision).Quo(numbers[0], numbers[1])), nil
})

// remainder has the sign of the dividend, as in Go and C. A quotient that differs
// from a whole number only by rounding is taken as whole, so that 0.3 % 0.1 is 0.
var remainder = newNumbers(2, cty.Number, func(numbers []*big.Float) (cty.Value, error) {
	dividend, divisor := numbers[0], numbers[1]
	if divisor.Sign() == 0 {
		return cty.NilVal, errors.New("this is a remainder of a division by 0: write another divisor")
	}
	quotient := new(big.Float).SetPrec(precision).Quo(dividend, divisor)
	if quotient.MantExp(nil) > 53 {
		return cty.NilVal, errors.New("the remainder is not exact where the quotient exceeds 2^53: write a smaller dividend or a larger divisor")
	}
	whole, accuracy := quotient.SetPrec(precision - 16).Int(nil)
	if accuracy == big.Exact {
		return cty.Zero, nil
	}
	product := new(big.Float).SetPrec(precision).SetInt(whole)
	product.Mul(product, divisor)
	return cty.NumberVal(new(big.Float).SetPrec(precision).Sub(dividend, product)), nil
})

// nearest rounds to float64, as a setting does.
func nearest(number *big.Float) float64 {
	v, _ := number.Float64()
	return v
}

func cmpNearest(a, b *big.Float) int { return big.NewFloat(nearest(a)).Cmp(big.NewFloat(nearest(b))) }

// compared returns an operator that rounds numbers to float64 before it compares
// them: a literal 0.1 has more digits than the 0.1 of a setting.
func compared(original *hclsyntax.Operation, holds func(order int) bool) *hclsyntax.Operation {
	f := original.Impl
	return &hclsyntax.Operation{Type: original.Type, Impl: guarded(function.New(&function.Spec{
		Params: f.Params(),
		Type:   f.ReturnTypeForValues,
		Impl: func(arguments []cty.Value, _ cty.Type) (cty.Value, error) {
			for _, argument := range arguments {
				if argument.IsNull() || !argument.IsKnown() || argument.Type() != cty.Number {
					return f.Call(arguments)
				}
			}
			return cty.BoolVal(holds(cmpNearest(arguments[0].AsBigFloat(), arguments[1].AsBigFloat()))), nil
		},
	}))}
}

func calculated(f function.Function) *hclsyntax.Operation {
	return &hclsyntax.Operation{Type: cty.Number, Impl: guarded(f)}
}

// operators replaces those of HCL, in which a division by zero gives infinity, its
// remainder gives the dividend, and infinities cause panics.
var operators = map[*hclsyntax.Operation]*hclsyntax.Operation{
	hclsyntax.OpAdd:      calculated(stdlib.AddFunc),
	hclsyntax.OpSubtract: calculated(stdlib.SubtractFunc),
	hclsyntax.OpMultiply: calculated(stdlib.MultiplyFunc),
	hclsyntax.OpDivide:   calculated(divide),
	hclsyntax.OpModulo:   calculated(remainder),
	hclsyntax.OpNegate:   calculated(stdlib.NegateFunc),

	hclsyntax.OpEqual:              compared(hclsyntax.OpEqual, func(order int) bool { return order == 0 }),
	hclsyntax.OpNotEqual:           compared(hclsyntax.OpNotEqual, func(order int) bool { return order != 0 }),
	hclsyntax.OpLessThan:           compared(hclsyntax.OpLessThan, func(order int) bool { return order < 0 }),
	hclsyntax.OpLessThanOrEqual:    compared(hclsyntax.OpLessThanOrEqual, func(order int) bool { return order <= 0 }),
	hclsyntax.OpGreaterThan:        compared(hclsyntax.OpGreaterThan, func(order int) bool { return order > 0 }),
	hclsyntax.OpGreaterThanOrEqual: compared(hclsyntax.OpGreaterThanOrEqual, func(order int) bool { return order >= 0 }),
}

// useOperators replaces the operators in a syntax tree.
func useOperators(node hclsyntax.Node) {
	_ = hclsyntax.VisitAll(node, func(node hclsyntax.Node) hcl.Diagnostics { // the function returns no fault
		switch n := node.(type) {
		case *hclsyntax.BinaryOpExpr:
			if own, ok := operators[n.Op]; ok {
				n.Op = own
			}
		case *hclsyntax.UnaryOpExpr:
			if own, ok := operators[n.Op]; ok {
				n.Op = own
			}
		}
		return nil
	})
}
