package dev.handover.election.zookeeper;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Between one client and the server: loses requests or answers, and cuts connections, at the moment that a test wants. */
public final class TcpProxy implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final int target;
    private volatile boolean losingRequests;
    private volatile boolean losingAnswers;
    private volatile boolean refusing;
    private volatile String marker = "";
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
                } else {
                    out.write(buffer, 0, read);
                }
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
