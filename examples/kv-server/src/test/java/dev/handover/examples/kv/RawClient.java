package dev.handover.examples.kv;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A client that sends bytes as they are, and shows replies as text: {@code +OK}, {@code :1}, {@code "value"}, {@code nil}, {@code [a, b]}, {@code {a=b}}. */
public final class RawClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 10_000;
    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;

    public RawClient(InetSocketAddress address) throws IOException {
        this(address, TIMEOUT_MILLIS);
    }

    /** Neither connecting nor a reply is waited for longer than that. */
    public RawClient(InetSocketAddress address, int timeoutMillis) throws IOException {
        socket = new Socket();
        socket.connect(address, timeoutMillis);
        socket.setSoTimeout(timeoutMillis);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = socket.getOutputStream();
    }

    public void timeout(int millis) throws IOException {
        socket.setSoTimeout(millis);
    }

    public void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    public void send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    public void send(byte[] bytes, int from, int length) throws IOException {
        out.write(bytes, from, length);
        out.flush();
    }

    /** Tells the server that nothing more comes. */
    public void endInput() throws IOException {
        socket.shutdownOutput();
    }

    /** Sends the words as a command and gives the reply. */
    public String call(String... words) throws IOException {
        send(command(words));
        return reply();
    }

    /** A command in RESP. */
    public static byte[] command(String... words) {
        List<byte[]> bytes = new ArrayList<>();
        for (String word : words) {
            bytes.add(word.getBytes(StandardCharsets.ISO_8859_1));
        }
        return command(bytes);
    }

    public static byte[] command(List<byte[]> words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ascii("*" + words.size() + "\r\n"));
        for (byte[] word : words) {
            out.writeBytes(ascii("$" + word.length + "\r\n"));
            out.writeBytes(word);
            out.writeBytes(ascii("\r\n"));
        }
        return out.toByteArray();
    }

    /** The next reply as text. */
    public String reply() throws IOException {
        String line = line();
        String rest = line.substring(1);
        return switch (line.charAt(0)) {
            case '+', '-', ':' -> line;
            case '_' -> "nil";
            case '$' -> rest.equals("-1") ? "nil" : "\"" + latin(body(Integer.parseInt(rest))) + "\"";
            case '=' -> "\"" + latin(body(Integer.parseInt(rest))).substring(4) + "\"";
            case '*' -> items(Integer.parseInt(rest)).toString();
            case '%' -> map(items(2 * Integer.parseInt(rest)));
            default -> throw new IOException("not a reply: " + line);
        };
    }

    /** The next reply, which must be a bulk string. */
    public byte[] bulk() throws IOException {
        String line = line();
        if (line.charAt(0) != '$') {
            throw new IOException("not a bulk string: " + line);
        }
        return body(Integer.parseInt(line.substring(1)));
    }

    /** All replies until the server closes the connection. */
    public List<String> untilClosed() throws IOException {
        List<String> replies = new ArrayList<>();
        while (true) {
            try {
                replies.add(reply());
            } catch (EOFException e) {
                return replies;
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private List<String> items(int count) throws IOException {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(reply());
        }
        return items;
    }

    private static String map(List<String> items) {
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < items.size(); i += 2) {
            pairs.add(items.get(i) + "=" + items.get(i + 1));
        }
        return pairs.stream().collect(Collectors.joining(", ", "{", "}"));
    }

    private byte[] body(int length) throws IOException {
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        if (in.readByte() != '\r' || in.readByte() != '\n') {
            throw new IOException("no line end after " + length + " bytes");
        }
        return bytes;
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException();
            }
            if (b == '\r') {
                if (in.readByte() != '\n') {
                    throw new IOException("CR without LF");
                }
                return latin(line.toByteArray());
            }
            line.write(b);
        }
    }

    private static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
