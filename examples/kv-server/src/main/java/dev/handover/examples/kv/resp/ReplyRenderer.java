package dev.handover.examples.kv.resp;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Turns replies into bytes, a piece at a time: as much as the socket takes, so that a client which asks for many long values and reads none of them
 * holds references to the values and no copies. One thread at a time.
 *
 * <p>Written directly and not with Netty's {@code RedisEncoder}, which knows no RESP3 and makes three buffers of every bulk string.
 */
final class ReplyRenderer {
    private static final byte[] NIL_2 = {'$', '-', '1', '\r', '\n'};
    private static final byte[] NIL_3 = {'_', '\r', '\n'};

    private record Waiting(Reply reply, int protocol) {}

    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private final Deque<Iterator<Reply>> nested = new ArrayDeque<>();
    private int nestedProtocol;
    private byte @Nullable [] bulk;
    private int written;

    /** Adds a reply, to be written as that version of RESP, 2 or 3, has it. */
    void add(Reply reply, int protocol) {
        waiting.add(new Waiting(reply, protocol));
    }

    /** Replies of which not the last byte has been rendered. */
    int size() {
        return waiting.size() + (nested.isEmpty() && bulk == null ? 0 : 1);
    }

    boolean isEmpty() {
        return waiting.isEmpty() && nested.isEmpty() && bulk == null;
    }

    void clear() {
        waiting.clear();
        nested.clear();
        bulk = null;
    }

    /** Renders into the buffer until everything is there or it holds at least that many bytes; it may grow a little beyond. */
    void render(ByteBuf out, int bytes) {
        while (out.readableBytes() < bytes && !isEmpty()) {
            if (bulk != null) {
                continueBulk(out, bulk, bytes - out.readableBytes());
            } else if (!nested.isEmpty()) {
                Iterator<Reply> items = nested.element();
                if (items.hasNext()) {
                    begin(out, items.next(), nestedProtocol);
                } else {
                    nested.pop();
                }
            } else {
                Waiting next = waiting.remove();
                nestedProtocol = next.protocol();
                begin(out, next.reply(), next.protocol());
            }
        }
    }

    private void begin(ByteBuf out, Reply reply, int protocol) {
        if (reply instanceof Reply.Status status) {
            line(out, '+', status.text());
        } else if (reply instanceof Reply.Bulk bytes) {
            number(out, '$', bytes.bytes().length);
            bulk = bytes.bytes();
            written = 0;
        } else if (reply instanceof Reply.Number number) {
            number(out, ':', number.value());
        } else if (reply instanceof Reply.Failure failure) {
            line(out, '-', failure.text());
        } else if (reply instanceof Reply.Nil) {
            out.writeBytes(protocol == 3 ? NIL_3 : NIL_2);
        } else if (reply instanceof Reply.Items items) {
            number(out, '*', items.items().size());
            nested.push(items.items().iterator());
        } else if (reply instanceof Reply.Pairs pairs) {
            int size = pairs.namesAndValues().size();
            number(out, protocol == 3 ? '%' : '*', protocol == 3 ? size / 2 : size);
            nested.push(pairs.namesAndValues().iterator());
        } else if (reply instanceof Reply.Text text) {
            String content = protocol == 3 ? "txt:" + text.text() : text.text();
            bulk = content.getBytes(StandardCharsets.UTF_8);
            written = 0;
            number(out, protocol == 3 ? '=' : '$', bulk.length);
        }
    }

    private void continueBulk(ByteBuf out, byte[] bytes, int room) {
        int more = Math.min(bytes.length - written, room);
        out.writeBytes(bytes, written, more);
        written += more;
        if (written == bytes.length) {
            out.writeByte('\r').writeByte('\n');
            bulk = null;
        }
    }

    private static void line(ByteBuf out, char type, String text) {
        out.writeByte(type);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            out.writeByte(c >= ' ' && c < 127 ? c : '?'); // a line break within would be another reply
        }
        out.writeByte('\r').writeByte('\n');
    }

    private static void number(ByteBuf out, char type, long value) {
        out.writeByte(type);
        if (value >= 0 && value < 10) {
            out.writeByte((byte) ('0' + value));
        } else {
            out.writeCharSequence(Long.toString(value), StandardCharsets.US_ASCII);
        }
        out.writeByte('\r').writeByte('\n');
    }
}
