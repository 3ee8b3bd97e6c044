#include "core/buffer.h"

#include "core/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct buffer){.limit_bytes = limit_bytes};
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit_bytes);
}

/* Room for `size_bytes` more and a closing NUL. */
static bool buffer_reserve(struct buffer *buffer, size_t size_bytes)
{
    if (size_bytes > buffer->limit_bytes - buffer->size_bytes)
        return false;
    buffer->data = memory_reserve(buffer->data, &buffer->capacity_bytes,
                                  buffer->size_bytes + size_bytes + 1, 1);
    return true;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t size_bytes)
{
    if (!buffer_reserve(buffer, size_bytes))
        return false;
    if (size_bytes)
        memcpy(buffer->data + buffer->size_bytes, data, size_bytes);
    buffer->size_bytes += size_bytes;
    return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

bool buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    buffer_reserve(buffer, 0);
    size_t room_bytes = buffer->capacity_bytes - buffer->size_bytes; /* most often enough */
    va_start(arguments, format);
    int size_bytes = vsnprintf(buffer->data + buffer->size_bytes, room_bytes, format, arguments);
    va_end(arguments);
    assert(size_bytes >= 0);
    if ((size_t)size_bytes > buffer->limit_bytes - buffer->size_bytes)
        return false;
    if ((size_t)size_bytes >= room_bytes) {
        buffer_reserve(buffer, (size_t)size_bytes);
        va_start(arguments, format);
        vsnprintf(buffer->data + buffer->size_bytes, (size_t)size_bytes + 1, format, arguments);
        va_end(arguments);
    }
    buffer->size_bytes += (size_t)size_bytes;
    return true;
}

void buffer_consume(struct buffer *buffer, size_t size_bytes)
{
    if (size_bytes >= buffer->size_bytes) {
        buffer->size_bytes = 0;
        return;
    }
    buffer->size_bytes -= size_bytes;
    memmove(buffer->data, buffer->data + size_bytes, buffer->size_bytes);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size_bytes = 0;
}

const char *buffer_text(struct buffer *buffer)
{
    buffer->data =
        memory_reserve(buffer->data, &buffer->capacity_bytes, buffer->size_bytes + 1, 1);
    buffer->data[buffer->size_bytes] = '\0';
    return buffer->data;
}

char *buffer_take_text(struct buffer *buffer)
{
    buffer_text(buffer);
    char *text = buffer->data;
    buffer->data = NULL;
    buffer->size_bytes = buffer->capacity_bytes = 0;
    return text;
}
