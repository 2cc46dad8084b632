package dev.handover.election.zookeeper;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;

/** Between one client and the server: loses requests or answers, and cuts connections, at the moment that a test wants. */
public final class TcpProxy implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final int target;
    private volatile boolean losingRequests;
    private volatile boolean losingAnswers;
    private volatile boolean refusing;
    private volatile String marker = "";
    private volatile CompletableFuture<Void> answersFlow = CompletableFuture.completedFuture(null);
    private final List<Watch> watches = new CopyOnWriteArrayList<>();
    private volatile long lostBytes;

    public TcpProxy(int target) throws IOException {
        this.target = target;
        daemon("proxy-accept", this::accept);
    }

    public String connectString() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    public void loseRequests(boolean lose) {
        losingRequests = lose;
    }

    public void loseAnswers(boolean lose) {
        losingAnswers = lose;
    }

    /** From the first request on that contains this text; the request itself goes through. */
    void loseAnswersOnceRequested(String text) {
        marker = text;
    }

    /**
     * From the first request on that contains this text while the condition holds, answers wait; the request itself goes through.
     *
     * @return completed when that request has come, with what the answers wait for
     */
    public CompletableFuture<CompletableFuture<Void>> holdAnswersOnce(String text, BooleanSupplier condition) {
        CompletableFuture<CompletableFuture<Void>> held = new CompletableFuture<>();
        watches.add(new Watch(text, condition, () -> {
            CompletableFuture<Void> flow = new CompletableFuture<>();
            answersFlow = flow;
            held.complete(flow);
        }));
        return held;
    }

    /** From now on answers wait until the future is completed. */
    public CompletableFuture<Void> holdAnswers() {
        CompletableFuture<Void> flow = new CompletableFuture<>();
        answersFlow = flow;
        return flow;
    }

    /** Completes with the next request that contains this text. */
    public CompletableFuture<Void> request(String text) {
        CompletableFuture<Void> next = new CompletableFuture<>();
        watches.add(new Watch(text, () -> true, () -> next.complete(null)));
        return next;
    }

    private record Watch(String text, BooleanSupplier condition, Runnable then) {}

    private void observe(String request) {
        for (Watch watch : watches) {
            if (request.contains(watch.text()) && watch.condition().getAsBoolean()) {
                watches.remove(watch);
                watch.then().run();
            }
        }
    }

    public void refuse(boolean refuse) {
        refusing = refuse;
    }

    public long lostBytes() {
        return lostBytes;
    }

    public void cut() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        sockets.clear();
    }

    @Override
    public void close() throws IOException {
        refusing = true;
        listener.close();
        cut();
    }

    private void accept() throws IOException {
        while (!listener.isClosed()) {
            Socket client = listener.accept();
            if (refusing) {
                client.close();
                continue;
            }
            Socket server = new Socket("127.0.0.1", target);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            sockets.add(client);
            sockets.add(server);
            daemon("proxy-requests", () -> pump(client, server, true));
            daemon("proxy-answers", () -> pump(server, client, false));
        }
    }

    private void pump(Socket from, Socket to, boolean requests) throws IOException {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[8192];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (requests
                        && !marker.isEmpty()
                        && new String(buffer, 0, read, StandardCharsets.ISO_8859_1).contains(marker)) {
                    marker = "";
                    losingAnswers = true;
                }
                if (requests ? losingRequests : losingAnswers) {
                    lostBytes += read;
                    continue;
                }
                if (requests) {
                    observe(new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
                } else {
                    answersFlow.join();
                }
                out.write(buffer, 0, read);
            }
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(String name, Task task) {
        Thread thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (IOException e) {
                        // cut by the test, the client or the server: what this proxy is for
                        Thread.currentThread().setName(name + "-ended");
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }
}
