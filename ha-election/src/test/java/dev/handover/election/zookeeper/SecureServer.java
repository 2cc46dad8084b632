package dev.handover.election.zookeeper;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.server.ZooKeeperServerMain;

/** ZooKeeper itself, in a process of its own with a configuration file as its documentation has it: clients come over TLS, and show a certificate. */
final class SecureServer {
    private final Path directory;
    private final int port;
    private Process process;

    SecureServer(Path directory) throws Exception {
        this.directory = directory;
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        start();
    }

    int port() {
        return port;
    }

    /** A store of {@code src/test/resources/tls}: keytool made them, with a password that is no secret; they are valid until 2126. */
    static Path store(String name) throws Exception {
        return Path.of(SecureServer.class.getResource("/tls/" + name + ".p12").toURI());
    }

    /** Does not wait until it serves. */
    void start() throws Exception {
        Path settings = Files.writeString(
                directory.resolve("zoo.cfg"),
                String.join(
                        "\n",
                        "tickTime=100",
                        "dataDir=" + directory.resolve("data"),
                        "secureClientPort=" + port,
                        "secureClientPortAddress=127.0.0.1",
                        "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
                        "ssl.keyStore.location=" + store("server"),
                        "ssl.keyStore.password=secret",
                        "ssl.trustStore.location=" + store("ca"),
                        "ssl.trustStore.password=secret",
                        "admin.enableServer=false",
                        ""));
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-Dlogback.configurationFile=logback-election.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ZooKeeperServerMain.class.getName(),
                        settings.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("server.log").toFile()))
                .start();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly(); // SIGKILL
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            throw new AssertionError("process " + process.pid() + " survived SIGKILL");
        }
    }
}
