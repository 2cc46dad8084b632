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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** What the machine can do at best: nobody can be faster than its disk and its loopback. */
final class Limits {
    private static final int FILE_BYTES = 256 << 20;
    private static final int REPLICAS = 3;
    private static final int BLOCK = 4096;
    private static final int MOST_TOGETHER_BYTES = 16 << 20;

    private Limits() {}

    /** Records per second when so many are written with one write and one {@code force(false)}, into a file that was written before. */
    static double recordsPerSecond(Path directory, int bytes, int together, int seconds) throws IOException {
        int fit = (int)
                Math.max(1, Math.min(together, (long) MOST_TOGETHER_BYTES / bytes)); // large batches gain nothing more
        ByteBuffer batch = ByteBuffer.allocateDirect(bytes * fit);
        Path path = directory.resolve("limit");
        try (FileChannel file = open(path)) {
            writeZeros(file);
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

    private static FileChannel open(Path path) throws IOException {
        return FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** So that a force moves no metadata. */
    private static void writeZeros(FileChannel file) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
        for (long at = 0; at < FILE_BYTES; at += zeros.capacity()) {
            zeros.clear();
            file.write(zeros, at);
        }
        file.force(true);
    }

    /** Median microseconds until three files on one device have a block more each, written and forced at the same time: what three replicas need at least that have to hold a command. */
    static double threeForcesMicros(Path directory, int seconds) throws IOException, InterruptedException {
        List<FileChannel> channels = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(REPLICAS);
        try {
            for (int i = 0; i < REPLICAS; i++) {
                FileChannel channel = open(directory.resolve("limit-" + i));
                channels.add(channel);
                writeZeros(channel);
            }
            List<Long> nanos = new ArrayList<>();
            long begin = System.nanoTime();
            for (long at = 0; System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(seconds); at += BLOCK) {
                long from = at % FILE_BYTES;
                List<Callable<Void>> all = new ArrayList<>();
                for (FileChannel channel : channels) {
                    all.add(() -> {
                        channel.write(ByteBuffer.allocate(BLOCK), from);
                        channel.force(false);
                        return null;
                    });
                }
                long start = System.nanoTime();
                for (Future<Void> done : threads.invokeAll(all)) {
                    done.get();
                }
                nanos.add(System.nanoTime() - start);
            }
            Collections.sort(nanos);
            return nanos.get(nanos.size() / 2) / 1e3;
        } catch (ExecutionException e) {
            throw new IOException("the limit of the disk could not be measured", e.getCause());
        } finally {
            threads.shutdownNow();
            for (int i = 0; i < channels.size(); i++) {
                channels.get(i).close();
                Files.deleteIfExists(directory.resolve("limit-" + i));
            }
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
