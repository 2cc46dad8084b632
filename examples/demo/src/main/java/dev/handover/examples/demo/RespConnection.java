package dev.handover.examples.demo;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One connection to a kv-server, with blocking calls: all that the demo needs of a Redis client, in one file, so that nothing in between (a
 * pool, a retry of its own) hides what happens. Calls from one thread at a time; {@link #close()} from any.
 */
final class RespConnection implements AutoCloseable {
    private static final int MAX_BULK_BYTES = 8 << 20;
    private static final int MAX_ITEMS = 1 << 16;
    private static final int MAX_LINE_BYTES = 64 << 10;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    private RespConnection(Socket socket) throws IOException {
        this.socket = socket;
        in = new BufferedInputStream(socket.getInputStream(), 4096);
        out = socket.getOutputStream();
    }

    /**
     * Dials the server.
     *
     * @param timeout for the dial, and afterwards for each answer
     * @throws IOException if nobody listens there, or nobody answers in time
     */
    static RespConnection dial(InetSocketAddress address, Duration timeout) throws IOException {
        Socket socket = new Socket();
        try {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            socket.connect(address, Math.toIntExact(timeout.toMillis()));
            if (socket.getLocalPort() == address.getPort()) {
                throw new IOException("connected to itself: nobody listens on " + address);
            }
            socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
            return new RespConnection(socket);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Sends a command and waits for its answer.
     *
     * @throws IOException if the connection broke or no answer came in time: then the command may have been executed
     */
    Reply call(String... command) throws IOException {
        send(command);
        return receive();
    }

    /** Sends a command; its answer waits for {@link #receive()}. */
    void send(String... command) throws IOException {
        StringBuilder text = new StringBuilder(64);
        text.append('*').append(command.length).append("\r\n");
        for (String word : command) {
            text.append('$')
                    .append(word.getBytes(StandardCharsets.UTF_8).length)
                    .append("\r\n")
                    .append(word)
                    .append("\r\n");
        }
        out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Waits for the next answer. */
    Reply receive() throws IOException {
        String line = readLine();
        if (line.isEmpty()) {
            throw new IOException("empty line instead of an answer");
        }
        String rest = line.substring(1);
        return switch (line.charAt(0)) {
            case '+' -> new Reply.Status(rest);
            case '-' -> new Reply.Failure(rest);
            case ':' -> new Reply.Number(number(rest));
            case '$' -> bulk(number(rest));
            case '*' -> items(number(rest));
            default -> throw new IOException("not an answer in RESP2: " + line);
        };
    }

    private Reply bulk(long length) throws IOException {
        if (length == -1) {
            return new Reply.Bulk(null);
        }
        if (length < 0 || length > MAX_BULK_BYTES) {
            throw new IOException(
                    "a value of " + length + " bytes was announced; at most " + MAX_BULK_BYTES + " are taken");
        }
        byte[] bytes = in.readNBytes((int) length);
        if (bytes.length < length || in.read() != '\r' || in.read() != '\n') {
            throw new EOFException("the connection ended inside a value");
        }
        return new Reply.Bulk(bytes);
    }

    private Reply items(long count) throws IOException {
        if (count < -1 || count > MAX_ITEMS) {
            throw new IOException("an array of " + count + " items was announced; at most " + MAX_ITEMS + " are taken");
        }
        List<Reply> items = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            items.add(receive());
        }
        return new Reply.Items(items);
    }

    private static long number(String text) throws IOException {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IOException("not a number in an answer: " + text, e);
        }
    }

    private String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(32);
        int c = in.read();
        while (c != '\r') {
            if (c < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (line.size() == MAX_LINE_BYTES) {
                throw new IOException("a line longer than " + MAX_LINE_BYTES + " bytes");
            }
            line.write(c);
            c = in.read();
        }
        if (in.read() != '\n') {
            throw new IOException("a line that does not end in CR LF: " + line.toString(StandardCharsets.UTF_8));
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    /** Closes it; a call that is waiting fails. Closing twice is fine. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException("closing a socket failed: " + e.getMessage(), e);
        }
    }
}
