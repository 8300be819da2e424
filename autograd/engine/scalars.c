/* Scalars: the node of one number in C, its operators, its pass and its memory.

   What `Value` is says value.py, and its Python code is the reference: here is written once more only
   what people wait for. The cut:

   - A Scalar has the fields that a Value has, under the same names, so that all other code (views,
     pickles, copies, programs) sees no difference. `Value` is its only subclass.
   - An operator whose operands are tracked Values, floats and whole numbers, in the plain mode, whose
     result and derivatives are finite, makes its node here. In every other case the Python function is
     called that the row wrote: what is an error, an infinity or another kind is decided there alone.
   - The formulas are written from the rows when this is compiled: ROWS in rows.h, by
     `autograd.programs.languages.in_c`. A row without a form in C stays in Python.
   - The units of a layer (units.py) and four properties are here in the same way: the usual case, and
     Python's code for every other.
   - The pass follows flat edges and n-ary nodes, in an order and with sums that are those of
     value.py, to the bit. It runs no Python code, so what it notes on nodes is its own while it runs.
   - Nothing recurses: what is let go waits in a queue, however deep it is.
   - Nodes made here are unknown to the cyclic collector, for arguments are older than their node. A
     cycle needs a gradient that is a node; what lies below one is made known when it is assigned.

   All state is guarded by the interpreter's lock. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

#ifdef Py_GIL_DISABLED
#error "Values in C rely on the interpreter's lock"
#endif
#if FLT_EVAL_METHOD == 2 || FLT_EVAL_METHOD < 0
#error "doubles are computed with more digits than they have: Values in C would not be Python's"
#endif
#ifdef _MSC_VER
#define INLINE static __forceinline
#else
#define INLINE static inline __attribute__((always_inline))
#endif

typedef struct Scalar {
    PyObject_HEAD
    double raw, dx, dy;   /* the number; the derivatives by x and y, or a mark */
    double grad;          /* a gradient that is a number, or ABSENT */
    PyObject *x, *y;      /* the arguments; of an n-ary node tuples of them and of derivatives, and of
                             a unit of a layer what it shares with others: see `unit_node` */
    PyObject *primitive, *scope, *code, *name;
    PyObject *held;       /* a gradient that is no number: a node, or a Pending */
    PyObject *weak;
    long long serial;
    union {
        double sum;           /* of what has come to it, in the pass that runs */
        struct Scalar *next;  /* in the queue of what is let go */
    } scratch;
    int lasti;
    char requires_grad;
    char met;                 /* by the pass that runs */
    char tracked;             /* whether the collector knows it */
    char followed;            /* whether it knows all that lies below */
    char unit;                /* whether it is a unit of a layer */
} Scalar;

/* --- marks ------------------------------------------------------------------------------------ */

/* A derivative that is none, as no gradient flows there, and one that is a choice (see choices.py), are
   nans of a payload that no arithmetic gives. */
typedef union {
    uint64_t bits;
    double number;
} Mark;
static const Mark absent = {0x7ff8a11ce0000001u}, nothing = {0x7ff8a11ce0000002u};
#define ABSENT (absent.number)
#define NOTHING (nothing.number)

INLINE int is_marked(double d, Mark mark) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits == mark.bits;
}
#define IS_ABSENT(d) is_marked(d, absent)
#define IS_NOTHING(d) is_marked(d, nothing)

/* --- the rows --------------------------------------------------------------------------------- */

#include "rows.h"

#define ROWS(DO) UNARY(DO) BINARY(DO) OPERATORS(DO)
#define FORMULAS(NAME, OUT, DX, DY)                                                               \
    INLINE double NAME##_out(double x, double y) { (void)x, (void)y; return OUT; }                \
    INLINE double NAME##_dx(double out, double x, double y) {                                     \
        (void)out, (void)x, (void)y; return DX;                                                   \
    }                                                                                             \
    INLINE double NAME##_dy(double out, double x, double y) {                                     \
        (void)out, (void)x, (void)y; return DY;                                                   \
    }
ROWS(FORMULAS)

#define NUMBER(NAME, OUT, DX, DY) ROW_##NAME,
enum { ROWS(NUMBER) COUNT };

typedef double (*Function)(double, double);
typedef double (*Derivative)(double, double, double);
typedef struct {
    const char *name;
    Function function;
    Derivative by_x;
    PyObject *primitive;
    PyObject *method, *reflected, *update; /* the Python functions: x + y, y + x, x += y */
} Row;
#define ENTRY(NAME, OUT, DX, DY) {#NAME, NAME##_out, NAME##_dx, NULL, NULL, NULL, NULL},
static Row rows[] = {ROWS(ENTRY)};

/* --- what the Python side is ------------------------------------------------------------------ */

static PyTypeObject *Value;     /* the subclass */
static PyObject *node_class;    /* Node */
static PyObject *mode_variable; /* the context variable of the current mode */
static PyObject *library_files, *numpy_folder;
static PyObject *nothing_object;
static PyObject *under_way;     /* the list of recordings and transforms */
static PyObject *graph;         /* what graph.py holds */
static ternaryfunc make_in_python; /* what calling the class does */
static PyObject *plain_name, *scope_name, *keeps_zero_name, *latest_change_name;

#define IS_VALUE(o) (Py_TYPE(o) == Value)

/* --- the clock -------------------------------------------------------------------------------- */

long long ticks; /* also that of tensors.c */

static PyObject *tick(PyObject *module, PyObject *none) { return PyLong_FromLongLong(++ticks); }

/* graph.changed(): the next number as the date of the latest change; or NULL with an error. */
static PyObject *changed(PyObject *module, PyObject *none) {
    PyObject *date = PyLong_FromLongLong(ticks + 1);
    if (!date) return NULL;
    if (PyDict_SetItem(graph, latest_change_name, date) < 0) Py_CLEAR(date);
    else ticks++;
    return date;
}

/* --- memory ----------------------------------------------------------------------------------- */

#ifndef POOL
#define POOL 16384 /* nodes that are kept to be used again: 2.5 MB */
#endif
static Scalar *pool[POOL + 1];
static int pooled;

/* A Scalar without anything in it, which the collector does not know. */
INLINE Scalar *blank(void) {
    Scalar *v;
    if (pooled) {
        v = pool[--pooled];
        _Py_NewReference((PyObject *)v);
    } else {
        v = PyObject_GC_New(Scalar, Value);
        if (!v) return NULL;
    }
    v->grad = ABSENT;
    v->name = v->held = v->weak = NULL;
    v->met = v->tracked = v->followed = v->unit = 0;
    return v;
}

static void track(Scalar *v) {
    if (!v->tracked) PyObject_GC_Track(v);
    v->tracked = 1;
}

static PyObject *allocate(PyTypeObject *type, Py_ssize_t count) {
    Scalar *v = blank();
    if (!v) return NULL;
    v->raw = 0;
    v->dx = v->dy = ABSENT;
    v->x = v->y = v->primitive = v->scope = v->code = NULL;
    v->serial = 0;
    v->lasti = v->requires_grad = 0;
    track(v);
    return (PyObject *)v;
}

static void release(PyObject *o) {
    static Scalar *queue;
    static int busy;
    Scalar *v = (Scalar *)o;
    if (v->tracked) PyObject_GC_UnTrack(o);
    if (v->weak) PyObject_ClearWeakRefs(o);
    v->scratch.next = queue;
    queue = v;
    if (busy) return;
    busy = 1;
    while (queue) {
        v = queue;
        queue = v->scratch.next;
        Py_XDECREF(v->x);
        Py_XDECREF(v->y);
        Py_XDECREF(v->primitive);
        Py_XDECREF(v->scope);
        Py_XDECREF(v->code);
        Py_XDECREF(v->name);
        Py_XDECREF(v->held);
        if (pooled < POOL && IS_VALUE(v)) {
            pool[pooled++] = v;
        } else {
            PyTypeObject *type = Py_TYPE(v);
            PyObject_GC_Del(v);
            Py_DECREF(type);
        }
    }
    busy = 0;
}

static int traverse(PyObject *o, visitproc visit, void *arg) {
    Scalar *v = (Scalar *)o;
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(v->x);
    Py_VISIT(v->y);
    Py_VISIT(v->primitive);
    Py_VISIT(v->scope);
    Py_VISIT(v->held);
    return 0;
}

static int clear(PyObject *o) {
    Scalar *v = (Scalar *)o;
    v->dx = v->dy = ABSENT;
    v->unit = 0;
    Py_CLEAR(v->primitive);
    Py_CLEAR(v->x);
    Py_CLEAR(v->y);
    Py_CLEAR(v->scope);
    Py_CLEAR(v->held);
    return 0;
}

/* --- making a node ---------------------------------------------------------------------------- */

/* The scope of the mode, if it is the plain one: 1; 0 if it is not, -1 with an error. */
INLINE int plain_mode(PyObject **scope) {
    static PyObject *known, *its_scope; /* the last one: a mode is immutable */
    PyObject *mode;
    if (PyContextVar_Get(mode_variable, NULL, &mode) < 0) return -1;
    if (mode != known) {
        PyObject *plain = PyObject_GetAttr(mode, plain_name);
        PyObject *here = plain ? PyObject_GetAttr(mode, scope_name) : NULL;
        int is_plain = here ? PyObject_IsTrue(plain) : -1;
        Py_XDECREF(plain);
        if (is_plain <= 0) {
            Py_XDECREF(here);
            Py_DECREF(mode);
            return is_plain;
        }
        if (here == Py_None) Py_CLEAR(here);
        PyObject *before = known, *scope_before = its_scope;
        known = Py_NewRef(mode);
        its_scope = here;
        *scope = Py_XNewRef(here);
        Py_XDECREF(before);
        Py_XDECREF(scope_before);
    } else {
        *scope = Py_XNewRef(its_scope);
    }
    Py_DECREF(mode);
    return 1;
}

static int is_library(PyObject *file) {
    int found = PySet_Contains(library_files, file);
    if (found) return found;
    return (int)PyUnicode_Tailmatch(file, numpy_folder, 0, PY_SSIZE_T_MAX, -1);
}

/* The user's place: the nearest frame outside of the library, as `sites.user_frame`. */
INLINE int user_place(PyObject **code, int *lasti) {
    static PyCodeObject *known; /* most operations come from the code that the last one came from */
    PyFrameObject *frame = PyEval_GetFrame();
    *code = NULL;
    *lasti = 0;
    if (!frame) return 0;
    PyCodeObject *here = PyFrame_GetCode(frame);
    if (here != known) {
        int inside;
        Py_INCREF(frame);
        while ((inside = is_library(here->co_filename)) > 0) {
            PyFrameObject *outer = PyFrame_GetBack(frame);
            if (!outer) break;
            Py_SETREF(frame, outer);
            Py_SETREF(here, PyFrame_GetCode(frame));
        }
        *lasti = PyFrame_GetLasti(frame);
        Py_DECREF(frame);
        if (inside < 0) {
            Py_DECREF(here);
            return -1; /* and no code */
        }
        PyCodeObject *before = known;
        if (!inside) {
            known = (PyCodeObject *)Py_NewRef(here);
            Py_XDECREF(before);
        }
    } else {
        *lasti = PyFrame_GetLasti(frame);
    }
    *code = (PyObject *)here;
    return 0;
}

/* The number of an operand, and the Value that holds it; 0 where it is of another kind. */
INLINE int operand(PyObject *o, double *number, Scalar **node) {
    if (IS_VALUE(o)) {
        *node = (Scalar *)o;
        *number = (*node)->raw;
        return (*node)->requires_grad;
    }
    *node = NULL;
    if (PyFloat_CheckExact(o)) {
        *number = PyFloat_AS_DOUBLE(o);
        return 1;
    }
    if (PyLong_CheckExact(o)) {
        *number = PyLong_AsDouble(o);
        if (*number != -1 || !PyErr_Occurred()) return 1;
        PyErr_Clear();
    }
    return 0;
}

#define USABLE(d) (isfinite(d) || IS_NOTHING(d) || IS_ABSENT(d))

/* A node that is tracked. The references to what it holds are given away, also when it fails. */
INLINE Scalar *node_of(
    PyObject *primitive, double out, PyObject *x, double dx, PyObject *y, double dy,
    PyObject *scope, PyObject *code, int lasti
) {
    Scalar *v = blank();
    if (!v) {
        Py_XDECREF(primitive);
        Py_XDECREF(x);
        Py_XDECREF(y);
        Py_XDECREF(scope);
        Py_XDECREF(code);
        return NULL;
    }
    v->raw = out;
    v->dx = dx;
    v->dy = dy;
    v->x = x;
    v->y = y;
    v->primitive = primitive;
    v->scope = scope;
    v->code = code;
    v->lasti = lasti;
    v->serial = ++ticks;
    v->requires_grad = 1;
    return v;
}

/* The node of an operation that the user called; the scope is given away. */
INLINE PyObject *result(
    Row *row, PyObject *scope, double out, PyObject *x, double dx, PyObject *y, double dy
) {
    PyObject *code;
    int lasti;
    if (user_place(&code, &lasti) < 0) {
        Py_XDECREF(scope);
        return NULL;
    }
    return (PyObject *)node_of(
        Py_NewRef(row->primitive), out, Py_NewRef(x), dx, Py_XNewRef(y), dy, scope, code, lasti
    );
}

/* Value(2.0), a leaf; what is given in another way is looked at in Python. */
static PyObject *make(PyObject *type, PyObject *arguments, PyObject *options) {
    PyObject *scope = NULL, *code;
    int lasti, plain = 0, usual = PyTuple_GET_SIZE(arguments) == 1 && !options;
    if (usual && PyFloat_CheckExact(PyTuple_GET_ITEM(arguments, 0))) plain = plain_mode(&scope);
    if (plain < 0) return NULL;
    if (!plain || type != (PyObject *)Value) {
        Py_XDECREF(scope);
        return make_in_python(type, arguments, options);
    }
    if (user_place(&code, &lasti) < 0) {
        Py_XDECREF(scope);
        return NULL;
    }
    double number = PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(arguments, 0));
    return (PyObject *)node_of(NULL, number, NULL, ABSENT, NULL, ABSENT, scope, code, lasti);
}

INLINE PyObject *unary(Row *row, Function function, Derivative by_x, PyObject *o) {
    Scalar *v = (Scalar *)o;
    PyObject *scope;
    if (v->requires_grad) {
        int plain = plain_mode(&scope);
        if (plain < 0) return NULL;
        if (plain) {
            double out = function(v->raw, 0), dx = by_x(out, v->raw, 0);
            if (isfinite(out) && USABLE(dx)) return result(row, scope, out, o, dx, NULL, ABSENT);
            Py_XDECREF(scope);
        }
    }
    return PyObject_CallOneArg(row->method, o);
}

INLINE PyObject *binary(
    Row *row, Function function, Derivative by_x, Derivative by_y, PyObject *left, PyObject *right
) {
    double x, y;
    Scalar *a, *b;
    PyObject *scope;
    if (operand(left, &x, &a) && operand(right, &y, &b)) {
        int plain = plain_mode(&scope);
        if (plain < 0) return NULL;
        if (plain) {
            double out = function(x, y);
            double dx = a ? by_x(out, x, y) : ABSENT, dy = b ? by_y(out, x, y) : ABSENT;
            if (isfinite(out) && USABLE(dx) && USABLE(dy))
                return result(row, scope, out, left, dx, right, dy);
            Py_XDECREF(scope);
        }
    }
    if (IS_VALUE(left)) return PyObject_CallFunctionObjArgs(row->method, left, right, NULL);
    return PyObject_CallFunctionObjArgs(row->reflected, right, left, NULL);
}

/* What `x += y` does to a leaf is decided in Python; any other node is left as it is. */
INLINE PyObject *update(Row *row, PyObject *left, PyObject *right) {
    if (((Scalar *)left)->primitive) Py_RETURN_NOTIMPLEMENTED;
    return PyObject_CallFunctionObjArgs(row->update, left, right, NULL);
}

/* A method that is called otherwise than it takes: Python's error. */
static PyObject *otherwise(
    Row *row, PyObject *self, PyObject *const *others, Py_ssize_t count, PyObject *names
) {
    PyObject *method = PyMethod_New(row->method, self);
    PyObject *made = method ? PyObject_Vectorcall(method, others, count, names) : NULL;
    Py_XDECREF(method);
    return made;
}

#define METHOD(NAME, COUNT, OF)                                                                   \
    static PyObject *NAME##_method(                                                               \
        PyObject *x, PyObject *const *others, Py_ssize_t count, PyObject *names                   \
    ) {                                                                                           \
        if (count == COUNT && !names) return OF;                                                  \
        return otherwise(&rows[ROW_##NAME], x, others, count, names);                             \
    }
#define OF_ONE(NAME, OUT, DX, DY)                                                                 \
    static PyObject *NAME##_of(PyObject *x) {                                                     \
        return unary(&rows[ROW_##NAME], NAME##_out, NAME##_dx, x);                                \
    }                                                                                             \
    METHOD(NAME, 0, NAME##_of(x))
#define OF_TWO(NAME, OUT, DX, DY)                                                                 \
    static PyObject *NAME##_of(PyObject *x, PyObject *y) {                                        \
        return binary(&rows[ROW_##NAME], NAME##_out, NAME##_dx, NAME##_dy, x, y);                 \
    }
#define OF_TWO_NAMED(NAME, OUT, DX, DY)                                                           \
    OF_TWO(NAME, OUT, DX, DY)                                                                     \
    METHOD(NAME, 1, NAME##_of(x, others[0]))
#define UPDATE(NAME, OUT, DX, DY)                                                                 \
    static PyObject *NAME##_update(PyObject *x, PyObject *y) {                                    \
        return update(&rows[ROW_##NAME], x, y);                                                   \
    }
UNARY(OF_ONE)
BINARY(OF_TWO_NAMED)
OPERATORS(OF_TWO)
OPERATORS(UPDATE)

static PyObject *power(PyObject *x, PyObject *y, PyObject *modulus) {
    if (modulus == Py_None) return pow_of(x, y);
    if (!IS_VALUE(x)) Py_RETURN_NOTIMPLEMENTED;
    return PyObject_CallFunctionObjArgs(rows[ROW_pow].method, x, y, modulus, NULL); /* its error */
}

static PyObject *power_update(PyObject *x, PyObject *y, PyObject *modulus) {
    return pow_update(x, y);
}

/* --- the units of a layer --------------------------------------------------------------------- */

/* Two tuples as one, which the collector does not know, as it does not know the node. */
static PyObject *joined(PyObject *first, PyObject *second) {
    Py_ssize_t n = PyTuple_GET_SIZE(first), m = PyTuple_GET_SIZE(second);
    PyObject *both = PyTuple_New(n + m);
    if (!both) return NULL;
    for (Py_ssize_t i = 0; i < n; i++)
        PyTuple_SET_ITEM(both, i, Py_NewRef(PyTuple_GET_ITEM(first, i)));
    for (Py_ssize_t i = 0; i < m; i++)
        PyTuple_SET_ITEM(both, n + i, Py_NewRef(PyTuple_GET_ITEM(second, i)));
    PyObject_GC_UnTrack(both);
    return both;
}

/* The sum of the products of two tuples of floats, term after term; nan where something is no float. */
static double sum_of_products(PyObject *x, PyObject *y) {
    double sum = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(x); i++) {
        PyObject *a = PyTuple_GET_ITEM(x, i), *b = PyTuple_GET_ITEM(y, i);
        if (!PyFloat_CheckExact(a) || !PyFloat_CheckExact(b)) return NAN;
        sum += PyFloat_AS_DOUBLE(a) * PyFloat_AS_DOUBLE(b);
    }
    return sum;
}

INLINE int are_the_weights(PyObject *weights, PyObject *held) {
    Py_ssize_t n = PyTuple_GET_SIZE(held) - 1;
    if (!PyList_CheckExact(weights) || PyList_GET_SIZE(weights) != n) return 0;
    for (Py_ssize_t i = 0; i < n; i++)
        if (PyList_GET_ITEM(weights, i) != PyTuple_GET_ITEM(held, i)) return 0;
    return 1;
}

/* The inputs of a layer and the 1 beside the bias: as they are, and their numbers. 0 where they are of
   several kinds or of another than tracked Values, floats and whole numbers; -1 with an error. */
static int look_at_inputs(PyObject *x, PyObject **inputs, PyObject **numbers, int *are_values) {
    if (!(PyList_CheckExact(x) || PyTuple_CheckExact(x)) || !PySequence_Fast_GET_SIZE(x)) return 0;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(x);
    *are_values = IS_VALUE(PySequence_Fast_GET_ITEM(x, 0));
    if (!(*numbers = PyTuple_New(n + 1))) return -1;
    if (PySequence_Fast_GET_SIZE(x) != n) return 0; /* the collector may have run Python code */
    for (Py_ssize_t i = 0; i <= n; i++) {
        double number = 1;
        Scalar *node = NULL;
        if (i < n) {
            if (!operand(PySequence_Fast_GET_ITEM(x, i), &number, &node)) return 0;
            if ((node != NULL) != *are_values) return 0;
        }
        PyObject *object = PyFloat_FromDouble(number);
        if (!object) return -1;
        PyTuple_SET_ITEM(*numbers, i, object);
    }
    if (!*are_values) {
        *inputs = Py_NewRef(*numbers);
        return 1;
    }
    if (!(*inputs = PyTuple_New(n + 1))) return -1;
    if (PySequence_Fast_GET_SIZE(x) != n) return 0;
    for (Py_ssize_t i = 0; i < n; i++)
        PyTuple_SET_ITEM(*inputs, i, Py_NewRef(PySequence_Fast_GET_ITEM(x, i)));
    PyTuple_SET_ITEM(*inputs, n, Py_NewRef(PyTuple_GET_ITEM(*numbers, n)));
    return 1;
}

/* The node of a unit, or of its activation; 0 where it is not as usual, -1 with an error.

   Its arguments are inputs and weights, its derivatives the weights' numbers and the inputs'. So a layer's
   nodes have as `x` one tuple of what is of the instance: (inputs, None if they are Values and as many
   Nones else, their numbers and the options); and all instances' nodes of a unit have as `y` one of what is
   of the unit: (weights and bias, their numbers). `spread_out` makes them tuples of their own. */
static int unit_node(
    PyObject *unit, PyObject *instance, PyObject *numbers, PyObject *row, PyObject *scope,
    PyObject *code, int lasti, Scalar **node
) {
    PyObject *weights = PyTuple_GET_ITEM(unit, 0), *held = PyTuple_GET_ITEM(unit, 1);
    PyObject *own = PyTuple_GET_ITEM(unit, 2), *of_unit = PyTuple_GET_ITEM(unit, 3);
    PyObject *its_scope = PyTuple_GET_ITEM(unit, 5), *activation = PyTuple_GET_ITEM(unit, 6);
    Row *active = NULL;
    for (int i = 0; i < COUNT && activation != Py_None; i++)
        if (rows[i].primitive == activation) active = &rows[i];
    if (!are_the_weights(weights, held) || (!active && activation != Py_None)) return 0;
    if (PyTuple_GET_SIZE(own) != PyTuple_GET_SIZE(numbers)) return 0;
    double sum = sum_of_products(numbers, own), out = 0, dx = 0;
    if (active) {
        out = active->function(sum, 0);
        dx = active->by_x(out, sum, 0);
    }
    if (!isfinite(sum) || !isfinite(out) || !USABLE(dx)) return 0;
    if (its_scope != Py_None) scope = its_scope;
    Scalar *v = node_of(
        Py_NewRef(row), sum, Py_NewRef(instance), ABSENT, Py_NewRef(of_unit), ABSENT,
        Py_XNewRef(scope), Py_XNewRef(code), lasti
    );
    if (v) v->unit = 1;
    if (v && active)
        v = node_of(
            Py_NewRef(activation), out, (PyObject *)v, dx, NULL, ABSENT, Py_XNewRef(scope),
            Py_XNewRef(code), lasti
        );
    *node = v;
    return v ? 1 : -1;
}

/* Give a unit the tuples that other n-ary nodes have, before anybody looks at them; 0 with an error. */
static int spread_out(Scalar *v) {
    PyObject *instance = Py_NewRef(v->x), *of_unit = Py_NewRef(v->y);
    PyObject *before = PyTuple_GET_ITEM(instance, 1);
    if (before == Py_None) before = PyTuple_GET_ITEM(of_unit, 1);
    PyObject *x = joined(PyTuple_GET_ITEM(instance, 0), PyTuple_GET_ITEM(of_unit, 0));
    PyObject *y = joined(before, PyTuple_GET_ITEM(instance, 2));
    int done = x && y;
    if (done && v->unit) { /* else the collector has run Python code, which has looked at them */
        if (v->tracked) PyObject_GC_Track(x), PyObject_GC_Track(y);
        v->unit = 0;
        Py_SETREF(v->x, Py_NewRef(x));
        Py_SETREF(v->y, Py_NewRef(y));
    }
    Py_XDECREF(x);
    Py_XDECREF(y);
    Py_DECREF(instance);
    Py_DECREF(of_unit);
    return done;
}

/* units(known, x, row, options, scope): what `Units.record` gives when all is as usual, and None where
   it is not. */
static PyObject *units(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    PyObject *known = arguments[0], *row = arguments[2], *scope = arguments[4];
    PyObject *inputs = NULL, *numbers = NULL, *before = NULL, *after = NULL, *found = NULL;
    PyObject *code = NULL, *options = NULL, *instance = NULL;
    int lasti, are_values, usual = look_at_inputs(arguments[1], &inputs, &numbers, &are_values);
    if (scope == Py_None) scope = NULL;
    if (usual > 0 && user_place(&code, &lasti) < 0) usual = -1;
    if (usual > 0) {
        options = PyTuple_Pack(1, arguments[3]);
        after = options ? joined(numbers, options) : NULL;
        found = PyList_New(PyList_GET_SIZE(known));
        if (!after || !found) usual = -1;
    }
    if (usual > 0 && !are_values) {
        before = PyTuple_New(PyTuple_GET_SIZE(numbers));
        if (!before) usual = -1;
        for (Py_ssize_t i = 0; before && i < PyTuple_GET_SIZE(numbers); i++)
            PyTuple_SET_ITEM(before, i, Py_NewRef(Py_None));
    }
    if (usual > 0) {
        instance = PyTuple_Pack(3, inputs, before ? before : Py_None, after);
        if (!instance) usual = -1;
        else PyObject_GC_UnTrack(instance), PyObject_GC_UnTrack(inputs);
        if (before) PyObject_GC_UnTrack(before);
    }
    for (Py_ssize_t i = 0; usual > 0 && i < PyList_GET_SIZE(found); i++) {
        Scalar *v;
        usual = unit_node(
            PyList_GET_ITEM(known, i), instance, numbers, row, scope, code, lasti, &v
        );
        if (usual > 0) PyList_SET_ITEM(found, i, (PyObject *)v);
    }
    if (usual <= 0) Py_CLEAR(found);
    Py_XDECREF(inputs);
    Py_XDECREF(numbers);
    Py_XDECREF(before);
    Py_XDECREF(after);
    Py_XDECREF(options);
    Py_XDECREF(instance);
    Py_XDECREF(code);
    if (usual) return found;
    Py_RETURN_NONE;
}

/* --- the pass --------------------------------------------------------------------------------- */

typedef struct {
    Scalar **at;
    size_t count, room;
} List;

INLINE int push(List *list, Scalar *v) {
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 1024;
        Scalar **at = PyMem_RawRealloc(list->at, room * sizeof *at);
        if (!at) {
            PyErr_NoMemory();
            return 0;
        }
        list->at = at;
        list->room = room;
    }
    list->at[list->count++] = v;
    return 1;
}

INLINE int is_nary(Scalar *v) {
    return v->x && v->y && PyTuple_CheckExact(v->x) && PyTuple_CheckExact(v->y);
}

/* Note a node the first time that the pass meets it. */
INLINE int meet(List *list, PyObject *o) {
    if (!o || !IS_VALUE(o)) {
        PyErr_SetString(PyExc_SystemError, "an edge of a Value leads to no Value");
        return 0;
    }
    Scalar *v = (Scalar *)o;
    if (v->met) return 1;
    if (!push(list, v)) return 0;
    v->met = 1;
    v->scratch.sum = 0;
    return 1;
}

/* The arguments of a unit that are Values: its inputs, if they are, and all that it holds. */
INLINE Py_ssize_t unit_inputs(Scalar *v) {
    if (PyTuple_GET_ITEM(v->x, 1) != Py_None) return 0;
    return PyTuple_GET_SIZE(PyTuple_GET_ITEM(v->x, 0)) - 1; /* the last is the 1 beside the bias */
}

static int meet_unit(List *list, Scalar *v) {
    PyObject *inputs = PyTuple_GET_ITEM(v->x, 0), *held = PyTuple_GET_ITEM(v->y, 0);
    for (Py_ssize_t k = 0; k < unit_inputs(v); k++)
        if (!meet(list, PyTuple_GET_ITEM(inputs, k))) return 0;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(held); k++)
        if (!meet(list, PyTuple_GET_ITEM(held, k))) return 0;
    return 1;
}

/* All that the first node of a list was computed from, after it in the list. */
static int gather(List *list) {
    for (size_t i = 0; i < list->count; i++) {
        Scalar *v = list->at[i];
        int flat = 0;
        if (v->unit) {
            if (!meet_unit(list, v)) return 0;
            continue;
        }
        if (!IS_ABSENT(v->dx)) {
            if (!meet(list, v->x)) return 0;
            flat = 1;
        }
        if (!IS_ABSENT(v->dy)) {
            if (!meet(list, v->y)) return 0;
            flat = 1;
        }
        if (flat || !v->primitive || !is_nary(v)) continue;
        Py_ssize_t n = Py_MIN(PyTuple_GET_SIZE(v->x), PyTuple_GET_SIZE(v->y));
        for (Py_ssize_t k = 0; k < n; k++)
            if (PyTuple_GET_ITEM(v->y, k) != Py_None && !meet(list, PyTuple_GET_ITEM(v->x, k)))
                return 0;
    }
    return 1;
}

static int later(const void *a, const void *b) {
    long long x = (*(Scalar **)a)->serial, y = (*(Scalar **)b)->serial;
    return (x < y) - (x > y);
}

/* Nodes, the last one first. Their numbers mostly lie close together: each is put at its place then, which
   is faster than to sort them. (Nodes of two graphs that were unpickled stale may have one number.) */
static int sort(List *order, long long first, long long last) {
    size_t range = (size_t)(last - first) + 1, count = 0, clashes = 0;
    Scalar **by_number = NULL;
    if (range <= 8 * order->count) {
        by_number = PyMem_RawCalloc(range, sizeof *by_number);
        if (!by_number) {
            PyErr_NoMemory();
            return 0;
        }
        for (size_t i = 0; i < order->count; i++) {
            Scalar **place = &by_number[last - order->at[i]->serial];
            clashes += *place != NULL;
            *place = order->at[i];
        }
    }
    if (!by_number || clashes) {
        qsort(order->at, order->count, sizeof *order->at, later);
    } else {
        for (size_t i = 0; i < range; i++)
            if (by_number[i]) order->at[count++] = by_number[i];
    }
    PyMem_RawFree(by_number);
    return 1;
}

/* The computed nodes of a list, in order. */
static int in_order(const List *list, List *order) {
    long long first = 0, last = 0;
    int sorted = 1;
    for (size_t i = 0; i < list->count; i++) {
        Scalar *v = list->at[i];
        if (!v->primitive) continue;
        if (!order->count || v->serial < first) first = v->serial;
        if (!order->count || v->serial > last) last = v->serial;
        if (order->count && order->at[order->count - 1]->serial < v->serial) sorted = 0;
        if (!push(order, v)) return 0;
    }
    return sorted || sort(order, first, last);
}

#define SUM_OF(o) (((Scalar *)(o))->scratch.sum)

/* What a row says of n-ary nodes: see `Primitive.keeps_zero`. */
static int keeps_zero(PyObject *primitive) {
    PyObject *answer = PyObject_GetAttr(primitive, keeps_zero_name);
    int keeps = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return keeps;
}

static void spread_unit(Scalar *v, double g) {
    PyObject *inputs = PyTuple_GET_ITEM(v->x, 0), *numbers = PyTuple_GET_ITEM(v->x, 2);
    PyObject *held = PyTuple_GET_ITEM(v->y, 0), *slopes = PyTuple_GET_ITEM(v->y, 1);
    for (Py_ssize_t k = 0; k < unit_inputs(v); k++)
        SUM_OF(PyTuple_GET_ITEM(inputs, k)) += g * PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(slopes, k));
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(held); k++)
        SUM_OF(PyTuple_GET_ITEM(held, k)) += g * PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(numbers, k));
}

/* The walk back: each node's cotangent, times its derivatives, is added to its arguments'. */
static int walk_back(const List *order) {
    PyObject *row = NULL;
    int keeps = 0;
    for (size_t i = 0; i < order->count; i++) {
        Scalar *v = order->at[i];
        double g = SUM_OF(v);
        int flat = 0;
        if (!IS_ABSENT(v->dx)) {
            SUM_OF(v->x) += IS_NOTHING(v->dx) ? 0 : g * v->dx;
            flat = 1;
        }
        if (!IS_ABSENT(v->dy)) {
            SUM_OF(v->y) += IS_NOTHING(v->dy) ? 0 : g * v->dy;
            flat = 1;
        }
        if (flat || !is_nary(v)) continue;
        if (v->primitive != row) {
            row = v->primitive;
            if ((keeps = keeps_zero(row)) < 0) return 0;
        }
        if (g == 0 && keeps && isfinite(v->raw)) continue;
        if (v->unit) {
            spread_unit(v, g);
            continue;
        }
        Py_ssize_t n = Py_MIN(PyTuple_GET_SIZE(v->x), PyTuple_GET_SIZE(v->y));
        for (Py_ssize_t k = 0; k < n; k++) {
            PyObject *d = PyTuple_GET_ITEM(v->y, k);
            if (d == Py_None) continue;
            double product = 0;
            if (PyLong_CheckExact(d)) {
                product = g * PyLong_AsDouble(d);
                if (PyErr_Occurred()) return 0;
            } else if (!PyFloat_Check(d)) {
                PyErr_SetString(PyExc_SystemError, "a derivative of a Value is no float");
                return 0;
            } else if (d != nothing_object) {
                product = g * PyFloat_AS_DOUBLE(d);
            }
            SUM_OF(PyTuple_GET_ITEM(v->x, k)) += product;
        }
    }
    return 1;
}

/* One pass from a Value with a seed. Gradients are left on all nodes but those that hold one that is no
   number: these are given back in a list, with what has come to them. Nothing is left if it fails. */
static PyObject *backward(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    if (count != 2 || !IS_VALUE(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "backward takes a Value and a number");
        return NULL;
    }
    double seed = PyFloat_AsDouble(arguments[1]);
    if (seed == -1 && PyErr_Occurred()) return NULL;
    List list = {NULL, 0, 0}, order = {NULL, 0, 0};
    size_t others = 0;
    double *sums = NULL; /* of those */
    int done = meet(&list, arguments[0]) && gather(&list) && in_order(&list, &order);
    if (done) {
        list.at[0]->scratch.sum = seed;
        done = walk_back(&order);
    }
    for (size_t i = 0; i < list.count; i++) {
        list.at[i]->met = 0;
        others += list.at[i]->held != NULL;
    }
    if (done && others) {
        sums = PyMem_RawMalloc(others * sizeof *sums);
        if (!sums) PyErr_NoMemory();
        done = sums != NULL;
    }
    others = 0;
    for (size_t i = 0; done && i < list.count; i++) {
        Scalar *v = list.at[i];
        double sum = v->scratch.sum;
        if (v->held) {
            sums[others] = sum;
            list.at[others++] = (Scalar *)Py_NewRef(v);
        } else if (v->primitive || IS_ABSENT(v->grad)) {
            v->grad = sum;
        } else {
            v->grad += sum;
        }
    }
    PyObject *left = done ? PyList_New(others) : NULL; /* from here on Python code may run */
    for (size_t i = 0; i < others; i++) {
        PyObject *pair = left ? Py_BuildValue("Od", list.at[i], sums[i]) : NULL;
        Py_DECREF(list.at[i]);
        if (pair) PyList_SET_ITEM(left, i, pair);
        else Py_CLEAR(left);
    }
    PyMem_RawFree(sums);
    PyMem_RawFree(list.at);
    PyMem_RawFree(order.at);
    return left;
}

/* --- many leaves at once ------------------------------------------------------------------------ */

/* assign(values, numbers, date): each of a tuple's Values gets its number of a buffer of doubles. */
static PyObject *assign(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    if (count != 3 || !PyTuple_CheckExact(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "assign takes a tuple of Values, numbers and a date");
        return NULL;
    }
    PyObject *values = arguments[0];
    Py_ssize_t size = PyTuple_GET_SIZE(values);
    long long date = PyLong_AsLongLong(arguments[2]);
    if (date == -1 && PyErr_Occurred()) return NULL;
    for (Py_ssize_t i = 0; i < size; i++)
        if (!IS_VALUE(PyTuple_GET_ITEM(values, i))) {
            PyErr_SetString(PyExc_TypeError, "assign takes Values");
            return NULL;
        }
    Py_buffer numbers;
    if (PyObject_GetBuffer(arguments[1], &numbers, PyBUF_CONTIG_RO | PyBUF_FORMAT) < 0) return NULL;
    int fits = numbers.len == size * (Py_ssize_t)sizeof(double) && !strcmp(numbers.format, "d");
    for (Py_ssize_t i = 0; fits && i < size; i++) {
        Scalar *v = (Scalar *)PyTuple_GET_ITEM(values, i);
        v->raw = ((double *)numbers.buf)[i];
        v->serial = date;
    }
    PyBuffer_Release(&numbers);
    if (fits) Py_RETURN_NONE;
    PyErr_Format(PyExc_ValueError, "%zd doubles were expected", size);
    return NULL;
}

/* --- what the collector is to know ------------------------------------------------------------ */

typedef struct {
    PyObject **at;
    size_t count, room;
    int failed;
    PyObject *seen; /* of what is no Value: those have a flag */
} Walk;

static int visit(PyObject *o, void *arg) {
    Walk *walk = arg;
    int wanted = IS_VALUE(o) ? !((Scalar *)o)->followed : PyTuple_CheckExact(o);
    if (!wanted && !IS_VALUE(o) && PyObject_TypeCheck(o, (PyTypeObject *)node_class)) wanted = 1;
    if (!wanted || walk->failed) return 0;
    if (walk->count == walk->room) {
        size_t room = walk->room ? 2 * walk->room : 64;
        PyObject **at = PyMem_RawRealloc(walk->at, room * sizeof *at);
        if (!at) {
            walk->failed = 1;
            return 0;
        }
        walk->at = at;
        walk->room = room;
    }
    walk->at[walk->count++] = o;
    return 0;
}

/* Let the collector know the Values below a gradient that is a node: only through one can a leaf lead
   back to itself. What lies below a node never changes, so each is followed once. */
static int follow(PyObject *gradient) {
    Walk walk = {NULL, 0, 0, 0, PySet_New(NULL)};
    if (!walk.seen) return -1;
    visit(gradient, &walk);
    while (walk.count && !walk.failed) {
        PyObject *o = walk.at[--walk.count];
        if (IS_VALUE(o)) {
            if (((Scalar *)o)->followed) continue;
            ((Scalar *)o)->followed = 1;
            track((Scalar *)o);
            traverse(o, visit, &walk);
            continue;
        }
        PyObject *key = PyLong_FromVoidPtr(o);
        int seen = key ? PySet_Contains(walk.seen, key) : -1;
        if (seen == 0 && PySet_Add(walk.seen, key) < 0) seen = -1;
        Py_XDECREF(key);
        if (seen < 0) break;
        if (PyTuple_CheckExact(o) && !PyObject_GC_IsTracked(o)) PyObject_GC_Track(o);
        if (!seen && Py_TYPE(o)->tp_traverse) Py_TYPE(o)->tp_traverse(o, visit, &walk);
    }
    Py_DECREF(walk.seen);
    PyMem_RawFree(walk.at);
    if (walk.failed) PyErr_NoMemory();
    return PyErr_Occurred() ? -1 : 0;
}

/* --- fields, as Python sees them -------------------------------------------------------------- */

#define DOUBLE(o, offset) (*(double *)((char *)(o) + (offset)))
#define OBJECT(o, offset) (*(PyObject **)((char *)(o) + (offset)))

static int cannot_delete(void) {
    PyErr_SetString(PyExc_AttributeError, "a field of a Value cannot be deleted");
    return -1;
}

/* An object, or None. A whole number is kept as it was given, and is a float for everybody else. */
static PyObject *get_object(PyObject *o, void *offset) {
    if (((Scalar *)o)->unit && !spread_out((Scalar *)o)) return NULL;
    PyObject *x = OBJECT(o, (size_t)offset);
    if (!x) Py_RETURN_NONE;
    return PyLong_CheckExact(x) ? PyFloat_FromDouble(PyLong_AsDouble(x)) : Py_NewRef(x);
}

static int set_object(PyObject *o, PyObject *x, void *offset) {
    if (!x) return cannot_delete();
    if (((Scalar *)o)->unit && !spread_out((Scalar *)o)) return -1;
    PyObject *before = OBJECT(o, (size_t)offset);
    OBJECT(o, (size_t)offset) = x == Py_None ? NULL : Py_NewRef(x);
    Py_XDECREF(before);
    return 0;
}

/* A number; of a derivative None and NOTHING too. */
static PyObject *get_number(PyObject *o, void *offset) {
    double d = DOUBLE(o, (size_t)offset);
    if (IS_ABSENT(d)) Py_RETURN_NONE;
    return IS_NOTHING(d) ? Py_NewRef(nothing_object) : PyFloat_FromDouble(d);
}

static int set_number(PyObject *o, PyObject *x, void *offset) {
    if (!x) return cannot_delete();
    double d = x == Py_None ? ABSENT : x == nothing_object ? NOTHING : PyFloat_AsDouble(x);
    if (d == -1 && PyErr_Occurred()) return -1;
    DOUBLE(o, (size_t)offset) = d;
    return 0;
}

static PyObject *get_gradient(PyObject *o, void *unused) {
    Scalar *v = (Scalar *)o;
    return v->held ? Py_NewRef(v->held) : get_number(o, (void *)offsetof(Scalar, grad));
}

static int set_gradient(PyObject *o, PyObject *g, void *unused) {
    if (!g) return cannot_delete();
    Scalar *v = (Scalar *)o;
    PyObject *before = v->held;
    if (g == Py_None || PyFloat_CheckExact(g)) {
        v->held = NULL;
        v->grad = g == Py_None ? ABSENT : PyFloat_AS_DOUBLE(g);
    } else {
        Py_INCREF(g);
        track(v);
        if (follow(g) < 0) {
            Py_DECREF(g);
            return -1;
        }
        v->held = g;
        v->grad = ABSENT;
    }
    Py_XDECREF(before);
    return 0;
}

/* --- properties that people read by the million ------------------------------------------------- */

/* What a property gives while no recording and no transform is under way; else, and where this gives
   nothing, Python's is asked. */
typedef struct {
    PyObject *(*get)(Scalar *);
    int (*set)(Scalar *, PyObject *); /* whether it was set, -1 with an error; or NULL */
    PyObject *python;
} Property;

static PyObject *data_of(Scalar *v) { return PyFloat_FromDouble(v->raw); }

static int set_data_of(Scalar *v, PyObject *x) {
    if (v->primitive || !PyFloat_CheckExact(x)) return 0;
    PyObject *date = changed(NULL, NULL);
    if (!date) return -1;
    Py_DECREF(date);
    v->serial = ticks;
    v->raw = PyFloat_AS_DOUBLE(x);
    return 1;
}

static PyObject *gradient_of(Scalar *v) {
    /* Where there is none, Python says so in arithmetic. */
    return v->held || IS_ABSENT(v->grad) ? NULL : PyFloat_FromDouble(v->grad);
}

static int set_gradient_of(Scalar *v, PyObject *g) {
    if (v->held || !(g == Py_None || PyFloat_CheckExact(g))) return 0;
    v->grad = g == Py_None ? ABSENT : PyFloat_AS_DOUBLE(g);
    return 1;
}

static PyObject *is_leaf(Scalar *v) { return PyBool_FromLong(!v->primitive); }

static PyObject *requires_grad(Scalar *v) { return PyBool_FromLong(v->requires_grad); }

static Property data = {data_of, set_data_of}, grad = {gradient_of, set_gradient_of};
static Property leaf = {is_leaf}, tracking = {requires_grad};

static PyObject *get_property(PyObject *o, void *of) {
    Property *property = of;
    PyObject *found = PyList_GET_SIZE(under_way) ? NULL : property->get((Scalar *)o);
    if (found || PyErr_Occurred()) return found;
    return Py_TYPE(property->python)->tp_descr_get(property->python, o, (PyObject *)Py_TYPE(o));
}

static int set_property(PyObject *o, PyObject *x, void *of) {
    Property *property = of;
    int set = 0;
    if (x && property->set && !PyList_GET_SIZE(under_way)) set = property->set((Scalar *)o, x);
    if (set) return set < 0 ? -1 : 0;
    return Py_TYPE(property->python)->tp_descr_set(property->python, o, x);
}

#define PROPERTY(NAME, PROPERTY) {NAME, get_property, set_property, NULL, &PROPERTY}
#define FIELD(NAME, KIND, FIELD) \
    {NAME, get_##KIND, set_##KIND, NULL, (void *)offsetof(Scalar, FIELD)}
static PyGetSetDef fields[] = {
    FIELD("_raw", number, raw),
    FIELD("_dx", number, dx),
    FIELD("_dy", number, dy),
    FIELD("_x", object, x),
    FIELD("_y", object, y),
    FIELD("_primitive", object, primitive),
    FIELD("_scope", object, scope),
    FIELD("_code", object, code),
    FIELD("_name", object, name),
    {"_grad", get_gradient, set_gradient, NULL, NULL},
    {NULL},
};
static PyGetSetDef properties[] = {
    PROPERTY("data", data),
    PROPERTY("grad", grad),
    PROPERTY("is_leaf", leaf),
    PROPERTY("requires_grad", tracking),
    {NULL},
};
static PyMemberDef members[] = {
    {"_serial", T_LONGLONG, offsetof(Scalar, serial), 0, NULL},
    {"_lasti", T_INT, offsetof(Scalar, lasti), 0, NULL},
    {"_requires_grad", T_BOOL, offsetof(Scalar, requires_grad), 0, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Scalar, weak), READONLY, NULL},
    {NULL},
};

/* --- the type, and the module ----------------------------------------------------------------- */

#define METHOD_OF(NAME, OUT, DX, DY) \
    {#NAME, (PyCFunction)(void (*)(void))NAME##_method, METH_FASTCALL | METH_KEYWORDS, NULL},
static PyMethodDef methods[] = {UNARY(METHOD_OF) BINARY(METHOD_OF) {NULL}};

static PyType_Slot slots[] = {
    {Py_tp_doc, "What a Value consists of, in C: see scalars.c."},
    {Py_tp_dealloc, release},
    {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},
    {Py_tp_getset, fields},
    {Py_tp_members, members},
    {0, NULL},
};
static PyType_Spec spec = {
    "autograd.engine.value.Fields", sizeof(Scalar), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots
};

/* Python's property of a name: it is asked for what this file leaves to it, and documents this one. */
static int take_property(PyTypeObject *type, PyGetSetDef *field, PyObject *properties) {
    Property *property = field->closure;
    property->python = Py_XNewRef(PyDict_GetItemString(properties, field->name));
    PyObject *doc = property->python ? PyObject_GetAttrString(property->python, "__doc__") : NULL;
    if (!doc) return -1;
    field->doc = PyUnicode_Check(doc) ? PyUnicode_AsUTF8(doc) : NULL; /* it stays with the property */
    Py_DECREF(doc);
    PyObject *own = PyDescr_NewGetSet(type, field);
    int failed = !own || PyObject_SetAttrString((PyObject *)type, field->name, own) < 0;
    Py_XDECREF(own);
    return failed ? -1 : 0;
}

/* Value, the subclass: its objects are made and let go here. */
static PyObject *adopt(PyObject *module, PyObject *arguments) {
    PyObject *value, *node, *mode, *files, *folder, *none, *list, *names, *in_python;
    if (!PyArg_ParseTuple(
            arguments, "O!OOOUOO!O!O!:adopt", &PyType_Type, &value, &node, &mode, &files, &folder,
            &none, &PyList_Type, &list, &PyDict_Type, &names, &PyDict_Type, &in_python
        ))
        return NULL;
    PyTypeObject *type = (PyTypeObject *)value;
    if (Value || type->tp_basicsize != sizeof(Scalar) || type->tp_dictoffset) {
        PyErr_SetString(PyExc_TypeError, "there is one class of Scalars, and it adds no fields");
        return NULL;
    }
    for (PyGetSetDef *field = properties; field->name; field++)
        if (take_property(type, field, in_python) < 0) return NULL;
    node_class = Py_NewRef(node);
    mode_variable = Py_NewRef(mode);
    library_files = Py_NewRef(files);
    numpy_folder = Py_NewRef(folder);
    nothing_object = Py_NewRef(none);
    under_way = Py_NewRef(list);
    graph = Py_NewRef(names);
    Value = (PyTypeObject *)Py_NewRef(value);
    make_in_python = Py_TYPE(value)->tp_call;
    Py_TYPE(value)->tp_call = make;
    type->tp_alloc = allocate;
    type->tp_dealloc = release;
    Py_RETURN_NONE;
}

/* connect(name, what, function): a row's primitive, or one of the Python functions that it wrote. */
static PyObject *connect(PyObject *module, PyObject *arguments) {
    const char *name, *what;
    PyObject *object;
    if (!PyArg_ParseTuple(arguments, "ssO:connect", &name, &what, &object)) return NULL;
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(rows[i].name, name)) continue;
        PyObject **place = !strcmp(what, "primitive")   ? &rows[i].primitive
                           : !strcmp(what, "method")    ? &rows[i].method
                           : !strcmp(what, "reflected") ? &rows[i].reflected
                                                        : &rows[i].update;
        Py_XSETREF(*place, Py_NewRef(object));
        Py_RETURN_TRUE;
    }
    Py_RETURN_FALSE;
}

/* method(name, text): a row's method for Value, with its signature and docstring. */
static PyObject *method(PyObject *module, PyObject *arguments) {
    const char *name, *text;
    PyObject *held;
    if (!PyArg_ParseTuple(arguments, "sU:method", &name, &held)) return NULL;
    if (!(text = PyUnicode_AsUTF8(held))) return NULL;
    for (PyMethodDef *each = methods; each->ml_name; each++) {
        if (strcmp(each->ml_name, name)) continue;
        each->ml_doc = text;
        Py_INCREF(held); /* for good */
        return PyDescr_NewMethod(Value, each);
    }
    PyErr_SetString(PyExc_LookupError, "no such method is here");
    return NULL;
}

/* operators(): let Python's operators call what is here. The class has the functions that the rows wrote,
   for who looks at them or replaces them. */
static PyObject *operators(PyObject *module, PyObject *none) {
    PyNumberMethods *number = Value->tp_as_number;
    number->nb_add = add_of;
    number->nb_subtract = sub_of;
    number->nb_multiply = mul_of;
    number->nb_true_divide = div_of;
    number->nb_power = power;
    number->nb_negative = neg_of;
    number->nb_positive = identity_of;
    number->nb_absolute = abs_of;
    number->nb_inplace_add = add_update;
    number->nb_inplace_subtract = sub_update;
    number->nb_inplace_multiply = mul_update;
    number->nb_inplace_true_divide = div_update;
    number->nb_inplace_power = power_update;
    PyType_Modified(Value);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"adopt", adopt, METH_VARARGS, "Say which class is Value, and what its operations ask."},
    {"connect", connect, METH_VARARGS, "Give a row what it is in Python; whether it is here."},
    {"method", method, METH_VARARGS, "A row's method for Value."},
    {"operators", operators, METH_NOARGS, "Let operators call what is here."},
    {"tick", tick, METH_NOARGS, "The next serial number."},
    {"changed", changed, METH_NOARGS, "The same, as the date of the latest change."},
    {"units", (PyCFunction)(void (*)(void))units, METH_FASTCALL, "Units of a layer: see units.py."},
    {"backward", (PyCFunction)(void (*)(void))backward, METH_FASTCALL, "One pass: see value.py."},
    {"assign", (PyCFunction)(void (*)(void))assign, METH_FASTCALL, "Many leaves: see vector.py."},
    {NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "autograd.engine._scalars", "Values in C: see scalars.c.", -1, functions
};

extern PyMethodDef tensor_functions[]; /* of tensors.c */

#define NAME_OF(NAME, OUT, DX, DY) #NAME " "

PyMODINIT_FUNC PyInit__scalars(void) {
    PyObject *module = PyModule_Create(&definition), *type = PyType_FromSpec(&spec);
    if (!module || !type || PyModule_AddObjectRef(module, "Scalar", type) < 0) return NULL;
    if (PyModule_AddFunctions(module, tensor_functions) < 0) return NULL;
    if (PyModule_AddStringConstant(module, "rows", ROWS(NAME_OF)) < 0) return NULL;
    if (PyModule_AddStringConstant(module, "digest", DIGEST) < 0) return NULL;
    plain_name = PyUnicode_InternFromString("plain");
    scope_name = PyUnicode_InternFromString("scope");
    keeps_zero_name = PyUnicode_InternFromString("keeps_zero");
    latest_change_name = PyUnicode_InternFromString("latest_change");
    return plain_name && scope_name && keeps_zero_name && latest_change_name ? module : NULL;
}
