/* Tensors: the record of an operation and the pass back through a graph of them, in C.

   What a Tensor is says tensor.py, what recording one means apply.py, and what a pass is passes.py; their
   Python code is the reference. Here is written once more what each step of a training loop waits for, and
   nothing of it computes: the numbers come from NumPy, called by the rows' Python functions.

   - `Tensor` stays a Python class. Its fields are slots, whose places are asked for once.
   - `record` makes the node of an operation in the plain mode whose operands are Tensors, floats, whole
     numbers and arrays that need no conversion. In every other case it calls the Python function.
   - `walk_back` passes cotangents back where all nodes are Tensors and none is stale; else it returns
     None, has called nothing, and the pass is Python's. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <structmember.h>

extern long long ticks; /* the clock, in scalars.c */

/* --- what the Python side is ------------------------------------------------------------------ */

static PyTypeObject *Tensor, *Array;
static PyObject *apply, *refuse, *settle, *share_buffer, *unbroadcast;
static PyObject *call_in_python; /* Primitive.__call__ */ /* of apply.py */
static PyObject *mode_variable, *library_files, *bad_input, *slots_of, *floats, *whole;
static PyObject *writable; /* the types of options that are copied */
static PyObject *elementwise; /* the families whose whole numbers become floats */

#define FIELDS(DO)                                                                                \
    DO(raw) DO(grad) DO(name) DO(buffer) DO(primitive) DO(arguments) DO(arrays) DO(options)       \
    DO(slots) DO(parents) DO(requires_grad) DO(retain) DO(scope) DO(serial) DO(code) DO(lasti)
#define PLACE(NAME) static Py_ssize_t NAME##_at;
FIELDS(PLACE)
#define FIELD(NODE, NAME) (*(PyObject **)((char *)(NODE) + NAME##_at))

#define NAMES(DO)                                                                                 \
    DO(array) DO(base) DO(contributions) DO(direct) DO(dtype) DO(family)      \
    DO(options) DO(passing) DO(plain) DO(quick) DO(retain) DO(scope) DO(shape)
#define NAME_OF(NAME) static PyObject *str_##NAME;
NAMES(NAME_OF)

static PyObject *zero;

/* --- the mode and the place ------------------------------------------------------------------- */

/* The current mode, if it is the plain one, with its scope and what it retains: 1; 0 or -1 as usual. */
static int plain_mode(PyObject **scope, PyObject **retain) {
    static PyObject *known, *its_scope, *its_retain; /* the last one: a mode is immutable */
    PyObject *mode;
    if (PyContextVar_Get(mode_variable, NULL, &mode) < 0) return -1;
    if (mode != known) {
        PyObject *plain = PyObject_GetAttr(mode, str_plain), *here = NULL, *kept = NULL;
        int is_plain = plain ? PyObject_IsTrue(plain) : -1;
        Py_XDECREF(plain);
        if (is_plain > 0) {
            here = PyObject_GetAttr(mode, str_scope);
            kept = PyObject_GetAttr(mode, str_retain);
            if (!here || !kept) is_plain = -1;
        }
        if (is_plain <= 0) {
            Py_XDECREF(here);
            Py_XDECREF(kept);
            Py_DECREF(mode);
            return is_plain;
        }
        PyObject *before[] = {known, its_scope, its_retain};
        known = Py_NewRef(mode), its_scope = here, its_retain = kept;
        for (int i = 0; i < 3; i++) Py_XDECREF(before[i]);
    }
    *scope = Py_NewRef(its_scope);
    *retain = Py_NewRef(its_retain);
    Py_DECREF(mode);
    return 1;
}

/* The nearest frame outside the library, as at the end of `apply_to_tensors`. */
static int note_place(PyObject *node) {
    PyFrameObject *frame = PyEval_GetFrame();
    if (!frame) {
        FIELD(node, code) = Py_NewRef(Py_None);
        FIELD(node, lasti) = Py_NewRef(zero);
        return 0;
    }
    Py_INCREF(frame);
    PyCodeObject *code = PyFrame_GetCode(frame);
    int inside;
    while ((inside = PySet_Contains(library_files, code->co_filename)) > 0) {
        PyFrameObject *outer = PyFrame_GetBack(frame);
        if (!outer) break;
        Py_SETREF(frame, outer);
        Py_SETREF(code, PyFrame_GetCode(frame));
    }
    FIELD(node, code) = (PyObject *)code;
    FIELD(node, lasti) = PyLong_FromLong(PyFrame_GetLasti(frame));
    Py_DECREF(frame);
    return inside < 0 || !FIELD(node, lasti) ? -1 : 0;
}

/* --- recording -------------------------------------------------------------------------------- */

#define MOST 4 /* arguments: `SLOTS` has a tuple for each choice of so many */

static int is_among(PyObject *x, PyObject *tuple) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++)
        if (PyTuple_GET_ITEM(tuple, i) == x) return 1;
    return 0;
}

/* Whether an attribute of x is one of a few objects. */
static int has(PyObject *x, PyObject *name, PyObject *tuple) {
    PyObject *found = PyObject_GetAttr(x, name);
    if (!found) return -1;
    int is = is_among(found, tuple);
    Py_DECREF(found);
    return is;
}

/* Whether options can be kept as they are: nothing in them is an array, a list or a tuple. */
static int are_fixed(PyObject *options) {
    PyObject *key, *each;
    Py_ssize_t at = 0;
    while (PyDict_Next(options, &at, &key, &each))
        if (is_among((PyObject *)Py_TYPE(each), writable)) return 0;
    return 1;
}

static PyObject *in_python(PyObject *primitive, PyObject *arguments, PyObject *options) {
    PyObject *all[] = {NULL, primitive, arguments, options};
    return PyObject_Vectorcall(apply, all + 1, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
}

/* NumPy's error about operands that it cannot use, in the words of the row. */
static void refused(PyObject *primitive, PyObject *arrays, PyObject *options) {
    PyObject *type, *error, *trace, *none;
    if (!PyErr_ExceptionMatches(bad_input)) return;
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    none = PyObject_CallFunctionObjArgs(refuse, primitive, error, arrays, options, NULL);
    Py_XDECREF(none); /* it raises */
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(trace);
}

static PyObject *record(PyObject *module, PyObject *const *given, Py_ssize_t n) {
    if (n != 3 || !PyTuple_CheckExact(given[1]) || !PyDict_CheckExact(given[2])) {
        PyErr_SetString(PyExc_TypeError, "record takes a primitive, a tuple and a dict");
        return NULL;
    }
    PyObject *primitive = given[0], *arguments = given[1], *options = given[2];
    PyObject *scope, *retain, *arrays = NULL, *out = NULL, *node = NULL, *x;
    Py_ssize_t count = PyTuple_GET_SIZE(arguments);
    if (count > MOST || !are_fixed(options)) return in_python(primitive, arguments, options);
    int plain = plain_mode(&scope, &retain);
    if (plain <= 0) return plain ? NULL : in_python(primitive, arguments, options);
    if (!(arrays = PyList_New(count))) goto done;
    long mask = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *argument = PyTuple_GET_ITEM(arguments, i);
        x = argument;
        if (Py_TYPE(x) == Tensor) {
            x = FIELD(argument, raw);
            if (FIELD(argument, requires_grad) == Py_True) mask |= 1L << i;
        } else if (Py_TYPE(x) == Array) {
            int usual = has(x, str_dtype, floats);
            if (!usual && (usual = has(x, str_dtype, whole)) > 0) {
                /* For an elementwise row whole numbers are made floats. */
                int diagonal = has(primitive, str_family, elementwise);
                usual = diagonal < 0 ? -1 : !diagonal;
            }
            if (usual < 0) goto done;
            if (!usual) goto unusual;
        } else if (!PyFloat_CheckExact(x) && !PyLong_CheckExact(x)) {
            goto unusual;
        }
        PyList_SET_ITEM(arrays, i, Py_NewRef(x));
    }
    x = PyObject_GetAttr(primitive, str_passing);
    if (!x) goto done;
    mask &= PyLong_AsLong(x);
    Py_DECREF(x);
    if (!mask) goto unusual; /* no gradient flows, and perhaps nothing is recorded */

    PyObject **items = ((PyListObject *)arrays)->ob_item;
    PyObject *function = PyObject_GetAttr(primitive, str_array);
    if (!function) goto done;
    out = PyDict_GET_SIZE(options) ? PyObject_VectorcallDict(function, items, count, options)
                                   : PyObject_Vectorcall(function, items, count, NULL);
    Py_DECREF(function);
    if (!out) {
        refused(primitive, arrays, options);
        goto done;
    }
    int settled = Py_TYPE(out) == Array ? has(out, str_dtype, floats) : 0;
    if (settled < 0) goto done;
    if (!settled) {
        x = PyObject_CallFunctionObjArgs(settle, out, primitive, arrays, NULL);
        Py_SETREF(out, x);
        if (!out) goto done;
    }
    PyObject *base = PyObject_GetAttr(out, str_base);
    if (!base) goto done;
    int shares = base != Py_None;
    Py_DECREF(base);
    for (Py_ssize_t i = 0; i < count; i++) shares |= items[i] == out;

    if (!(node = Tensor->tp_alloc(Tensor, 0))) goto done;
    PyObject *slots = PyList_GET_ITEM(slots_of, mask);
    FIELD(node, raw) = Py_NewRef(out);
    FIELD(node, grad) = Py_NewRef(Py_None);
    FIELD(node, name) = Py_NewRef(Py_None);
    FIELD(node, buffer) = Py_NewRef(Py_None);
    FIELD(node, primitive) = Py_NewRef(primitive);
    FIELD(node, arguments) = Py_NewRef(arguments);
    FIELD(node, arrays) = Py_NewRef(arrays);
    FIELD(node, options) = Py_NewRef(options);
    FIELD(node, slots) = Py_NewRef(slots);
    FIELD(node, requires_grad) = Py_NewRef(Py_True);
    FIELD(node, retain) = Py_NewRef(retain);
    FIELD(node, scope) = Py_NewRef(scope);
    if (PyTuple_GET_SIZE(slots) == count) {
        FIELD(node, parents) = Py_NewRef(arguments);
    } else {
        PyObject *parents = FIELD(node, parents) = PyTuple_New(PyTuple_GET_SIZE(slots));
        if (!parents) goto failed;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(slots); i++) {
            x = PyTuple_GET_ITEM(arguments, PyLong_AsSsize_t(PyTuple_GET_ITEM(slots, i)));
            PyTuple_SET_ITEM(parents, i, Py_NewRef(x));
        }
    }
    if (!(FIELD(node, serial) = PyLong_FromLongLong(++ticks)) || note_place(node) < 0) goto failed;
    if (shares) {
        x = PyObject_CallFunctionObjArgs(share_buffer, node, arguments, NULL);
        if (!x) goto failed;
        Py_DECREF(x);
    }
    goto done;

unusual:
    node = in_python(primitive, arguments, options);
    goto done;
failed:
    Py_CLEAR(node);
done:
    Py_DECREF(scope);
    Py_DECREF(retain);
    Py_XDECREF(arrays);
    Py_XDECREF(out);
    return node;
}

/* A call of a primitive, as `Primitive.__call__`: of Tensors, arrays and numbers, without options. */
static PyObject *call(PyObject *primitive, PyObject *const *given, Py_ssize_t n, PyObject *names) {
    int tensors = 0;
    if (n > MOST || (names && PyTuple_GET_SIZE(names))) goto unusual;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *x = given[i];
        if (Py_TYPE(x) == Tensor) tensors = 1;
        else if (Py_TYPE(x) != Array && !PyFloat_CheckExact(x) && !PyLong_CheckExact(x)) goto unusual;
    }
    if (!tensors) goto unusual;
    PyObject *direct = PyObject_GetAttr(primitive, str_direct);
    if (!direct) return NULL;
    int is_direct = PyLong_CheckExact(direct) && PyLong_AsSsize_t(direct) == n;
    Py_DECREF(direct);
    if (!is_direct) goto unusual;
    PyObject *all[] = {primitive, PyTuple_New(n), PyObject_GetAttr(primitive, str_options)}, *node = NULL;
    if (all[1] && all[2]) {
        for (Py_ssize_t i = 0; i < n; i++) PyTuple_SET_ITEM(all[1], i, Py_NewRef(given[i]));
        node = record(NULL, all, 3);
    }
    Py_XDECREF(all[1]);
    Py_XDECREF(all[2]);
    return node;

unusual:;
    Py_ssize_t count = n + (names ? PyTuple_GET_SIZE(names) : 0);
    PyObject **prepended = PyMem_Malloc((count + 1) * sizeof(PyObject *));
    if (!prepended) return PyErr_NoMemory();
    prepended[0] = primitive;
    memcpy(prepended + 1, given, count * sizeof(PyObject *));
    PyObject *found = PyObject_Vectorcall(call_in_python, prepended, n + 1, names);
    PyMem_Free(prepended);
    return found;
}

static PyMethodDef calling = {
    "__call__", (PyCFunction)(void (*)(void))call, METH_FASTCALL | METH_KEYWORDS,
    "Compute on numbers and arrays; record on nodes."
};

/* --- the pass --------------------------------------------------------------------------------- */

typedef struct {
    long long serial;
    PyObject *node; /* borrowed: the root holds it */
} Turn;

static int by_serial(const void *a, const void *b) {
    long long x = ((const Turn *)a)->serial, y = ((const Turn *)b)->serial;
    return (x > y) - (x < y);
}

/* The interior Tensors below the root, in order, as `reachable`: how many, or -1; -2 for another kind. */
static Py_ssize_t interior_of(PyObject *root, Turn **found) {
    Py_ssize_t count = 0, room = 64;
    PyObject *seen = PySet_New(NULL);
    Turn *turns = *found = PyMem_Malloc(room * sizeof(Turn));
    if (!seen || !turns) {
        Py_XDECREF(seen);
        PyErr_NoMemory();
        return -1;
    }
    turns[count++] = (Turn){0, root};
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *parents = FIELD(turns[i].node, parents);
        turns[i].serial = PyLong_AsLongLong(FIELD(turns[i].node, serial));
        for (Py_ssize_t j = 0; j < PyTuple_GET_SIZE(parents); j++) {
            PyObject *parent = PyTuple_GET_ITEM(parents, j);
            if (Py_TYPE(parent) != Tensor) {
                count = -2;
                goto done;
            }
            if (FIELD(parent, primitive) == Py_None) continue; /* a leaf */
            int known = PySet_Contains(seen, parent);
            if (known > 0) continue;
            if (known < 0 || PySet_Add(seen, parent) < 0) {
                count = -1;
                goto done;
            }
            if (count == room) {
                Turn *more = PyMem_Realloc(turns, (room *= 2) * sizeof(Turn));
                if (!more) {
                    PyErr_NoMemory();
                    count = -1;
                    goto done;
                }
                *found = turns = more;
            }
            turns[count++] = (Turn){0, parent};
        }
    }
    qsort(turns, count, sizeof(Turn), by_serial);
done:
    Py_DECREF(seen);
    return count;
}

/* A contribution in the shape and the dtype of its argument; the reference to it is given away. */
static PyObject *fitting(PyObject *c, PyObject *argument, PyObject *dtype) {
    PyObject *own = PyObject_GetAttr(c, str_dtype);
    int fits = own == dtype && Py_TYPE(c) == Array;
    Py_XDECREF(own);
    if (fits) {
        PyObject *shape = PyObject_GetAttr(c, str_shape), *other = PyObject_GetAttr(argument, str_shape);
        fits = shape && other ? PyObject_RichCompareBool(shape, other, Py_EQ) : -1;
        Py_XDECREF(shape);
        Py_XDECREF(other);
    }
    if (fits < 0 || !own) {
        Py_DECREF(c);
        return NULL;
    }
    if (!fits) Py_SETREF(c, PyObject_CallFunctionObjArgs(unbroadcast, c, argument, NULL));
    return c;
}

/* Whether the arrays that can be differentiated by are arrays of the output's dtype. */
static int are_alike(PyObject *arrays, PyObject *dtype, long passing) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(arrays); i++) {
        PyObject *x = PyList_GET_ITEM(arrays, i);
        if (!(passing >> i & 1)) continue;
        if (Py_TYPE(x) != Array) return 0;
        PyObject *own = PyObject_GetAttr(x, str_dtype);
        Py_XDECREF(own); /* the array has it */
        if (own != dtype) return own ? 0 : -1;
    }
    return 1;
}

/* What a node passes on to its parents, as `Primitive.contributions`.

   `Elementwise` and `Fused` say in `quick` what is to be called where all arrays are of one dtype: the
   functions that were written for choices of slots and dtypes, and the vjps. */
static PyObject *contributions(PyObject *node, PyObject *g) {
    PyObject *primitive = FIELD(node, primitive), *slots = FIELD(node, slots), *passed = NULL;
    PyObject *out = FIELD(node, raw), *arrays = FIELD(node, arrays), *options = FIELD(node, options);
    PyObject *quick = PyObject_GetAttr(primitive, str_quick), *dtype = PyObject_GetAttr(out, str_dtype);
    PyObject *mask = PyObject_GetAttr(primitive, str_passing), *usual = NULL;
    PyObject *operands[MOST + 3] = {NULL, g, out};
    Py_ssize_t count = PyList_CheckExact(arrays) ? PyList_GET_SIZE(arrays) : MOST + 1;
    if (!quick || !dtype || !mask) goto done;
    if (quick == Py_None || count > MOST) goto slow;
    int alike = are_alike(arrays, dtype, PyLong_AsLong(mask));
    if (alike <= 0) {
        if (alike) goto done;
        goto slow;
    }
    for (Py_ssize_t i = 0; i < count; i++) operands[i + 3] = PyList_GET_ITEM(arrays, i);
    if (PyDict_CheckExact(quick)) {
        if (!(usual = PyObject_GetAttr(primitive, str_options))) goto done;
        PyObject *key = PyTuple_Pack(2, slots, dtype), *function;
        if (!key) goto done;
        function = options == usual ? PyDict_GetItemWithError(quick, key) : NULL;
        Py_DECREF(key);
        if (!function || function == Py_None) {
            if (PyErr_Occurred()) goto done;
            goto slow;
        }
        size_t n = (count + 2) | PY_VECTORCALL_ARGUMENTS_OFFSET;
        passed = PyObject_Vectorcall(function, operands + 1, n, NULL);
        if (!passed) goto done;
        if (!PyList_CheckExact(passed) || PyList_GET_SIZE(passed) != PyTuple_GET_SIZE(slots)) {
            PyErr_SetString(PyExc_TypeError, "a list of contributions was expected");
            goto failed;
        }
    } else if (!(passed = PyList_New(PyTuple_GET_SIZE(slots)))) {
        goto done;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(slots); i++) {
        Py_ssize_t slot = PyLong_AsSsize_t(PyTuple_GET_ITEM(slots, i));
        PyObject *c;
        if (PyTuple_CheckExact(quick)) {
            PyObject *rule = PyTuple_GetItem(quick, slot);
            if (!rule) goto failed;
            size_t n = (count + 2) | PY_VECTORCALL_ARGUMENTS_OFFSET;
            c = PyDict_GET_SIZE(options) ? PyObject_VectorcallDict(rule, operands + 1, n, options)
                                         : PyObject_Vectorcall(rule, operands + 1, n, NULL);
        } else {
            c = Py_NewRef(PyList_GET_ITEM(passed, i));
        }
        if (!c || !(c = fitting(c, operands[slot + 3], dtype))) goto failed;
        PyList_SetItem(passed, i, c);
    }
    goto done;
slow:;
    PyObject *all[] = {primitive, slots, g, out, arrays, options};
    PyObject *found = PyObject_VectorcallMethod(str_contributions, all, 6, NULL);
    passed = found ? PySequence_Fast(found, "contributions are a list") : NULL;
    Py_XDECREF(found);
    goto done;
failed:
    Py_CLEAR(passed);
done:
    Py_XDECREF(quick);
    Py_XDECREF(dtype);
    Py_XDECREF(mask);
    Py_XDECREF(usual);
    return passed;
}

/* walk_back(seeds, latest_change): the cotangents that are left, or None where the pass is Python's. */
static PyObject *walk_back(PyObject *module, PyObject *const *given, Py_ssize_t n) {
    if (n != 2 || !PyDict_CheckExact(given[0])) {
        PyErr_SetString(PyExc_TypeError, "walk_back takes a dict and a date");
        return NULL;
    }
    PyObject *root, *seed;
    Py_ssize_t at = 0;
    Turn *turns = NULL;
    if (PyDict_GET_SIZE(given[0]) != 1 || !PyDict_Next(given[0], &at, &root, &seed)) Py_RETURN_NONE;
    if (Py_TYPE(root) != Tensor || FIELD(root, primitive) == Py_None) Py_RETURN_NONE;
    Py_ssize_t count = interior_of(root, &turns);
    long long latest = PyLong_AsLongLong(given[1]);
    if (count < 0 || turns[0].serial <= latest) {
        PyMem_Free(turns);
        if (count == -1) return NULL;
        Py_RETURN_NONE;
    }
    PyObject *sums = PyDict_New();
    if (!sums || PyDict_SetItem(sums, root, seed) < 0) goto failed;
    while (count--) {
        PyObject *node = turns[count].node, *g = PyDict_GetItemWithError(sums, node);
        if (!g) {
            if (PyErr_Occurred()) goto failed;
            continue;
        }
        Py_INCREF(g);
        if (FIELD(node, retain) != Py_True && PyDict_DelItem(sums, node) < 0) {
            Py_DECREF(g);
            goto failed;
        }
        PyObject *all = contributions(node, g);
        Py_DECREF(g);
        if (!all) goto failed;
        PyObject *parents = FIELD(node, parents);
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(all); i++) {
            PyObject *parent = PyTuple_GET_ITEM(parents, i), *c = PySequence_Fast_GET_ITEM(all, i);
            PyObject *before = PyDict_GetItemWithError(sums, parent);
            if (before) {
                c = PyNumber_Add(before, c);
                if (!c || PyDict_SetItem(sums, parent, c) < 0) {
                    Py_XDECREF(c);
                    Py_DECREF(all);
                    goto failed;
                }
                Py_DECREF(c);
            } else if (PyErr_Occurred() || PyDict_SetItem(sums, parent, c) < 0) {
                Py_DECREF(all);
                goto failed;
            }
        }
        Py_DECREF(all);
    }
    PyMem_Free(turns);
    return sums;
failed:
    PyMem_Free(turns);
    Py_XDECREF(sums);
    return NULL;
}

/* --- what the Python side gives --------------------------------------------------------------- */

/* Where the slot of a name is in an object of the class. */
static Py_ssize_t place_of(PyTypeObject *type, const char *name) {
    char field[32] = "_";
    strncat(field, name, sizeof field - 2);
    PyObject *slot = PyDict_GetItemString(type->tp_dict, field);
    if (slot && Py_IS_TYPE(slot, &PyMemberDescr_Type)) return ((PyMemberDescrObject *)slot)->d_member->offset;
    PyErr_Format(PyExc_TypeError, "Tensor has no slot %s", field);
    return -1;
}

static PyObject *adopt_tensors(PyObject *module, PyObject *arguments) {
    PyObject *given[16];
    if (!PyArg_ParseTuple(
            arguments, "O!O!OOOOOOO!O!O!O!O!O!OO!:adopt_tensors", &PyType_Type, given, &PyType_Type,
            given + 1, given + 2, given + 3, given + 4, given + 5, given + 6, given + 7,
            &PyTuple_Type, given + 8, &PyList_Type, given + 9, &PyTuple_Type, given + 10,
            &PyTuple_Type, given + 11, &PyTuple_Type, given + 12, &PyTuple_Type, given + 13,
            given + 14, &PyType_Type, given + 15
        ))
        return NULL;
    PyTypeObject *type = (PyTypeObject *)given[0];
#define FIND(NAME) if ((NAME##_at = place_of(type, #NAME)) < 0) return NULL;
    FIELDS(FIND)
#define INTERN(NAME) if (!(str_##NAME = PyUnicode_InternFromString(#NAME))) return NULL;
    NAMES(INTERN)
    if (!(zero = PyLong_FromLong(0))) return NULL;
    for (int i = 0; i < 16; i++) Py_INCREF(given[i]);
    Tensor = type, Array = (PyTypeObject *)given[1];
    apply = given[2], refuse = given[3], settle = given[4], share_buffer = given[5];
    mode_variable = given[6], library_files = given[7], bad_input = given[8], slots_of = given[9];
    floats = given[10], whole = given[11], writable = given[12], elementwise = given[13];
    unbroadcast = given[14];
    if (!(call_in_python = PyObject_GetAttrString(given[15], "__call__"))) return NULL;
    PyObject *method = PyDescr_NewMethod((PyTypeObject *)given[15], &calling);
    if (!method || PyObject_SetAttrString(given[15], "__call__", method) < 0) return NULL;
    Py_DECREF(method);
    Py_RETURN_NONE;
}

PyMethodDef tensor_functions[] = {
    {"adopt_tensors", adopt_tensors, METH_VARARGS, "Say which class is Tensor, and what is asked."},
    {"record", (PyCFunction)(void (*)(void))record, METH_FASTCALL, "See apply.apply_to_tensors."},
    {"walk_back", (PyCFunction)(void (*)(void))walk_back, METH_FASTCALL, "See passes.cotangents."},
    {NULL},
};
