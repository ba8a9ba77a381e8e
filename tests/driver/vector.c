#include "vector.h"

#include <string.h>

static uint32_t number_get(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static void number_put(uint8_t *into, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        into[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* The bytes that are the same in every run, but with every value counted. */
static struct bytes wire_counted(const struct vector_wire *wire, const struct vector_values *values)
{
    struct bytes counted = {0};

    bytes_add(&counted, wire->bytes.at, wire->bytes.size);
    for (size_t i = 0; i < wire->hole_count; i++) {
        const struct vector_hole *hole = &wire->holes[i];
        uint8_t *number = counted.at + hole->at;

        if (hole->counts)
            number_put(number, number_get(number) + (uint32_t)values->sizes[hole->value]);
    }
    return counted;
}

void vector_step_bytes(const struct vector_step *step, const struct vector_values *values,
                       struct bytes *into)
{
    const struct vector_wire *wire = &step->wire;
    struct bytes counted = wire_counted(wire, values);
    size_t done = 0;

    for (size_t i = 0; i < wire->hole_count; i++) {
        const struct vector_hole *hole = &wire->holes[i];

        driver_expect(values->sizes[hole->value] > 0, "a vector needs a value that is not known");
        if (hole->counts)
            continue;
        bytes_add(into, counted.at + done, hole->at - done);
        bytes_add(into, values->bytes[hole->value], values->sizes[hole->value]);
        done = hole->at;
    }
    bytes_add(into, counted.at + done, counted.size - done);
    bytes_free(&counted);
}

/* A value is all that is printable and no blank, as far as it goes. */
static size_t value_size(const uint8_t *bytes, size_t size)
{
    size_t of = 0;

    while (of < size && bytes[of] > ' ' && bytes[of] < 0x7f)
        of++;
    return of;
}

/* Finds values that are not known where the holes are; false if there is none in a hole. */
static bool wire_learn(const struct vector_wire *wire, struct vector_values *values,
                       const uint8_t *message, size_t size)
{
    size_t at = 0, done = 0;

    for (size_t i = 0; i < wire->hole_count; i++) {
        const struct vector_hole *hole = &wire->holes[i];
        size_t *known = &values->sizes[hole->value];

        if (hole->counts)
            continue;
        at += hole->at - done;
        done = hole->at;
        if (at >= size)
            return false;
        if (*known == 0) {
            *known = value_size(message + at, size - at);
            if (*known == 0 || *known > VECTOR_VALUE)
                return false;
            memcpy(values->bytes[hole->value], message + at, *known);
        }
        at += *known;
    }
    return true;
}

bool vector_step_is(const struct vector_step *step, struct vector_values *values,
                    const uint8_t *message, size_t size)
{
    struct vector_values learned = *values;
    struct bytes expected = {0};
    bool is;

    if (!wire_learn(&step->wire, &learned, message, size))
        return false;
    vector_step_bytes(step, &learned, &expected);
    is = expected.size == size && (size == 0 || memcmp(expected.at, message, size) == 0);
    bytes_free(&expected);
    if (is)
        *values = learned;
    return is;
}

void vector_values_fill(const struct vector *vector, struct vector_values *values,
                        const char *value)
{
    size_t size = strlen(value);

    driver_expect(size > 0 && size <= VECTOR_VALUE, "no such value can be in a vector");
    for (size_t i = 0; i < vector->value_count; i++) {
        if (values->sizes[i] > 0)
            continue;
        values->sizes[i] = size;
        memcpy(values->bytes[i], value, size);
    }
}
