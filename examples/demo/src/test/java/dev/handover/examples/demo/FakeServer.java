package dev.handover.examples.demo;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A server with APPEND, GET, PING and READONLY that misbehaves when it is told to. Several of them may share one store. */
final class FakeServer implements AutoCloseable {
    /** What happens to one APPEND. */
    enum Deed {
        /** Applied, answered. */
        WELL,
        /** Not applied, answered all the same. */
        LOSE,
        /** Applied twice, answered once. */
        DOUBLE,
        /** Applied, and the connection breaks before the answer. */
        BREAK_AFTER,
        /** Not applied, and the connection breaks. */
        BREAK_BEFORE,
        /** Not applied, says -TRYAGAIN. */
        REFUSE,
        /** Not applied, says -OVERLOADED. */
        OVERLOAD,
        /** Applied, says -UNCERTAIN. */
        UNCERTAIN_APPLIED,
        /** Not applied, says -UNCERTAIN. */
        UNCERTAIN_NOT_APPLIED,
        /** Says -TRYAGAIN and applies it nevertheless. */
        LIE
    }

    private final Map<String, String> store;
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final Queue<Deed> deeds = new ConcurrentLinkedQueue<>();
    final AtomicInteger appends = new AtomicInteger();

    FakeServer(Map<String, String> store) throws IOException {
        this.store = store;
        thread(this::accept);
    }

    FakeServer() throws IOException {
        this(new ConcurrentHashMap<>());
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    /** The next APPENDs are treated like this; the ones after them well. */
    void next(Deed... some) {
        deeds.addAll(List.of(some));
    }

    private static void thread(Runnable body) {
        Thread thread = new Thread(body, "fake-server");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                sockets.add(socket);
                thread(() -> serve(socket));
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            for (List<String> command = read(in); !command.isEmpty(); command = read(in)) {
                String answer = answer(command);
                if (answer.isEmpty()) {
                    return;
                }
                out.write(answer.getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            sockets.remove(socket); // the client has gone, or the server
        }
    }

    private String answer(List<String> command) {
        return switch (command.get(0)) {
            case "PING", "READONLY", "SET" -> "+OK\r\n";
            case "GET" -> {
                String value = store.get(command.get(1));
                yield value == null ? "$-1\r\n" : "$" + value.length() + "\r\n" + value + "\r\n";
            }
            case "APPEND" -> append(command.get(1), command.get(2));
            default -> "-ERR unknown command\r\n";
        };
    }

    private String append(String key, String text) {
        appends.incrementAndGet();
        Deed deed = deeds.poll();
        return switch (deed == null ? Deed.WELL : deed) {
            case WELL -> apply(key, text);
            case LOSE -> ":1\r\n";
            case DOUBLE -> {
                apply(key, text);
                yield apply(key, text);
            }
            case BREAK_AFTER -> {
                apply(key, text);
                yield "";
            }
            case BREAK_BEFORE -> "";
            case REFUSE -> "-TRYAGAIN no leader\r\n";
            case OVERLOAD -> "-OVERLOADED queue full\r\n";
            case UNCERTAIN_APPLIED -> {
                apply(key, text);
                yield "-UNCERTAIN who knows\r\n";
            }
            case UNCERTAIN_NOT_APPLIED -> "-UNCERTAIN who knows\r\n";
            case LIE -> {
                apply(key, text);
                yield "-TRYAGAIN not executed, honestly\r\n";
            }
        };
    }

    private String apply(String key, String text) {
        return ":" + store.merge(key, text, String::concat).length() + "\r\n";
    }

    private static List<String> read(InputStream in) throws IOException {
        List<String> words = new ArrayList<>();
        String head = line(in);
        if (!head.isEmpty()) {
            for (int i = Integer.parseInt(head.substring(1)); i > 0; i--) {
                int length = Integer.parseInt(line(in).substring(1));
                words.add(new String(in.readNBytes(length), StandardCharsets.UTF_8));
                line(in);
            }
        }
        return words;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            if (c != '\r') {
                text.append((char) c);
            }
        }
        return text.toString();
    }

    /** Like a process that dies: the port refuses, and all connections break. */
    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
