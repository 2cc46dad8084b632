package dev.handover.examples.demo;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/** One kv-server in a JVM of its own, which can be killed and started again on the same data. Calls from one thread; {@link #close()} from any. */
final class KvNode implements AutoCloseable {
    private static final long EXIT_SECONDS = 10;
    /**
     * Small, because after a SIGKILL the kernel first takes the memory apart and closes the sockets last; in big pages because that is
     * quicker. The compiler is the quick one only: a JVM that has just been started again shares two cores with all others.
     */
    static final List<String> JVM_OPTIONS = List.of(
            "-Xms96m",
            "-Xmx96m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseTransparentHugePages",
            "-XX:-UsePerfData",
            "-Dlogback.configurationFile=demo-server-logback.xml"); // microseconds, for the timeline

    private final String id;
    private final InetSocketAddress resp;
    private final Path directory;
    private final List<String> command;
    private volatile @Nullable Process process;
    private volatile boolean closed;

    /**
     * A node that is not started yet.
     *
     * @param directory for its data and its logs
     */
    KvNode(
            String id,
            Path kvServerJar,
            Path directory,
            InetSocketAddress resp,
            InetSocketAddress peer,
            String zooKeeper,
            List<String> moreJvmOptions)
            throws IOException {
        this.id = id;
        this.resp = resp;
        this.directory = directory;
        command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_OPTIONS);
        moreJvmOptions.forEach(option -> command.add(option.replace("{id}", id)));
        command.addAll(List.of("-cp", kvServerJar + File.pathSeparator + ownClasses()));
        command.addAll(List.of(Tether.class.getName(), mainClass(kvServerJar)));
        command.addAll(List.of("--id", id, "--group", "demo"));
        command.addAll(List.of("--data", directory.resolve("data").toString()));
        command.addAll(List.of("--resp", text(resp), "--peer", text(peer), "--zookeeper", zooKeeper));
    }

    String id() {
        return id;
    }

    InetSocketAddress resp() {
        return resp;
    }

    boolean isAlive() {
        Process running = process;
        return running != null && running.isAlive();
    }

    long pid() {
        Process running = process;
        return running == null ? -1 : running.pid();
    }

    /** Its standard output and error since the first start. */
    Path log() {
        return directory.resolve("server.log");
    }

    /** Starts it; that it serves is another matter. */
    synchronized void start() throws IOException {
        if (closed) {
            throw new IOException("node " + id + " is closed");
        }
        if (isAlive()) {
            throw new IllegalStateException("node " + id + " is running as process " + pid());
        }
        Files.createDirectories(directory);
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start(); // its standard input is a pipe that ends with us
    }

    /** Sends SIGKILL and returns at once. */
    void kill() {
        Process running = process;
        if (running == null || !running.isAlive()) {
            throw new IllegalStateException("node " + id + " is not running");
        }
        running.destroyForcibly();
    }

    /** Sends SIGTERM and returns at once. */
    void terminate() {
        Process running = process;
        if (running == null || !running.isAlive()) {
            throw new IllegalStateException("node " + id + " is not running");
        }
        running.toHandle().destroy(); // Process.destroy would close its standard input as well, at which it dies
    }

    /** Waits until the process is gone. */
    void awaitExit() throws InterruptedException {
        Process running = process;
        if (running != null && !running.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("node " + id + ", process " + pid() + ", is still there " + EXIT_SECONDS
                    + " s after it was killed");
        }
    }

    /** Kills it for good and waits until it is gone. Closing twice is fine. */
    @Override
    public synchronized void close() {
        closed = true;
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            try {
                awaitExit();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The last lines of its log. */
    String tail(int lines) {
        try {
            List<String> all = Files.exists(log()) ? Files.readAllLines(log()) : List.of("(no log)");
            return String.join(System.lineSeparator(), all.subList(Math.max(0, all.size() - lines), all.size()));
        } catch (IOException e) {
            return "(cannot read " + log() + ": " + e + ")";
        }
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    private static Path ownClasses() {
        try {
            return Path.of(KvNode.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    private static String mainClass(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            String main = file.getManifest() == null
                    ? null
                    : file.getManifest().getMainAttributes().getValue("Main-Class");
            if (main == null) {
                throw new IOException(
                        jar + " names no Main-Class; build it with: mvn -pl examples/kv-server -am package");
            }
            return main;
        }
    }
}
