package dev.handover.jmh.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;

/** What the machine can do at best: nobody can be faster than its disk and its loopback. */
final class Limits {
    private static final int FILE_BYTES = 256 << 20;
    private static final int MOST_TOGETHER_BYTES = 16 << 20;

    private Limits() {}

    /** Records per second when so many are written with one write and one {@code force(false)}, into a file that was written before. */
    static double recordsPerSecond(Path directory, int bytes, int together, int seconds) throws IOException {
        Path path = directory.resolve("limit");
        int fit = (int)
                Math.max(1, Math.min(together, (long) MOST_TOGETHER_BYTES / bytes)); // large batches gain nothing more
        ByteBuffer batch = ByteBuffer.allocateDirect(bytes * fit);
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
            for (long at = 0; at < FILE_BYTES; at += zeros.capacity()) {
                zeros.clear();
                file.write(zeros, at);
            }
            file.force(true);
            long records = 0;
            long position = 0;
            long begin = System.nanoTime();
            while (System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(seconds)) {
                if (position + batch.capacity() > FILE_BYTES) {
                    position = 0;
                }
                batch.clear();
                position += file.write(batch, position);
                file.force(false);
                records += fit;
            }
            return records * 1e9 / (System.nanoTime() - begin);
        } finally {
            Files.deleteIfExists(path);
        }
    }

    /** Microseconds of one round over loopback between two threads that block. */
    static double pingPongMicros(int seconds) throws IOException, InterruptedException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName(Layout.HOST));
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket accepted = server.accept()) {
            client.setTcpNoDelay(true);
            accepted.setTcpNoDelay(true);
            Thread echo = new Thread(
                    () -> {
                        try {
                            for (int b = accepted.getInputStream().read();
                                    b >= 0;
                                    b = accepted.getInputStream().read()) {
                                accepted.getOutputStream().write(b);
                            }
                        } catch (IOException e) {
                            return; // the other side is done
                        }
                    },
                    "echo");
            echo.setDaemon(true);
            echo.start();
            long rounds = 0;
            long begin = System.nanoTime();
            while (System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(seconds)) {
                client.getOutputStream().write(1);
                if (client.getInputStream().read() < 0) {
                    throw new IOException("the echo has ended");
                }
                rounds++;
            }
            double micros = (System.nanoTime() - begin) / 1e3 / rounds;
            client.shutdownOutput();
            echo.join(1000);
            return micros;
        }
    }
}
