package dev.handover.election.zookeeper;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A ZooKeeper server in a process of its own, to be killed, paused, wiped and started again on the same port and directory. */
public final class ServerProcess {
    private final Path directory;
    private final int port;
    private final List<String> ensemble;
    private Process process;

    /** One alone; returns when it serves. */
    public ServerProcess(Path directory) throws Exception {
        this.directory = directory;
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        ensemble = List.of();
        start();
    }

    private ServerProcess(Path directory, EnsembleMember self, List<EnsembleMember> all) {
        this.directory = directory;
        port = self.clientAddress().getPort();
        ensemble = new ArrayList<>(List.of(String.valueOf(self.id())));
        for (EnsembleMember member : all) {
            for (InetSocketAddress address :
                    List.of(member.clientAddress(), member.quorumAddress(), member.electionAddress())) {
                ensemble.add(String.valueOf(address.getPort()));
            }
        }
    }

    /** Three that know each other; returns when all serve. */
    public static List<ServerProcess> ensemble(Path directory) throws Exception {
        List<EnsembleMember> members = EnsembleOfThree.members();
        List<ServerProcess> servers = new ArrayList<>();
        for (EnsembleMember member : members) {
            ServerProcess server = new ServerProcess(directory.resolve(String.valueOf(member.id())), member, members);
            server.launch();
            servers.add(server);
        }
        for (ServerProcess server : servers) {
            server.awaitServing();
        }
        return servers;
    }

    public String connectString() {
        return "127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    /** Returns when it serves. */
    public void start() throws Exception {
        launch();
        awaitServing();
    }

    private void launch() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-Dlogback.configurationFile=logback-election.xml",
                "-cp",
                System.getProperty("java.class.path"),
                ServerProcess.class.getName(),
                directory.toString(),
                String.valueOf(port)));
        command.addAll(ensemble);
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private void awaitServing() throws Exception {
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = out.readLine(); !"serving".equals(line); line = out.readLine()) {
            if (line == null) {
                throw new IOException("the server process has ended with " + process.waitFor());
            }
        }
    }

    public void kill() throws InterruptedException {
        process.destroyForcibly(); // SIGKILL
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            throw new AssertionError("process " + process.pid() + " survived SIGKILL");
        }
    }

    /** Kills it, and deletes all that it has stored. */
    public void wipe() throws Exception {
        kill();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    void pause() throws Exception {
        signal("STOP");
    }

    void resume() throws Exception {
        signal("CONT");
    }

    private void signal(String name) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                .inheritIO()
                .start();
        if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
            throw new AssertionError("kill -" + name + " " + process.pid() + " failed");
        }
    }

    /** The server's own process: ends with the test that started it, whose end closes standard input. */
    public static void main(String[] arguments) throws Exception {
        EmbeddedZooKeeper.Builder builder =
                EmbeddedZooKeeper.builder().dataDirectory(Path.of(arguments[0])).tickTime(Duration.ofMillis(100));
        if (arguments.length > 2) {
            List<EnsembleMember> members = new ArrayList<>();
            for (int i = 3; i < arguments.length; i += 3) {
                members.add(EnsembleMember.of(
                        i / 3,
                        "127.0.0.1",
                        Integer.parseInt(arguments[i]),
                        Integer.parseInt(arguments[i + 1]),
                        Integer.parseInt(arguments[i + 2])));
            }
            builder.ensemble(Integer.parseInt(arguments[2]), members).tickTime(Duration.ofMillis(200));
        } else {
            builder.clientAddress("127.0.0.1", Integer.parseInt(arguments[1]));
        }
        try (EmbeddedZooKeeper server = builder.start()) {
            server.awaitServing(Duration.ofSeconds(60));
            System.out.println("serving");
            int end = System.in.read();
            System.out.println("ends after " + end);
        }
    }
}
