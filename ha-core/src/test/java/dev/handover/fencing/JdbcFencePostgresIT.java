package dev.handover.fencing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.postgresql.ds.PGSimpleDataSource;

/** Against the PostgreSQL of the machine's Debian packages, started here in a directory of its own on loopback. */
class JdbcFencePostgresIT extends JdbcFenceContract {
    private static Path directory;
    private static int port;

    @BeforeAll
    static void startServer() throws Exception {
        directory = Files.createTempDirectory(Path.of("/tmp"), "handover-postgres");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        run("initdb", "-D", data(), "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync");
        run(
                "pg_ctl",
                "-D",
                data(),
                "-w",
                "-l",
                directory.resolve("log").toString(),
                "-o",
                "-p " + port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories=" + directory,
                "start");
    }

    @AfterAll
    static void stopServer() throws Exception {
        run("pg_ctl", "-D", data(), "-m", "immediate", "-w", "stop");
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static String data() {
        return directory.resolve("data").toString();
    }

    /** As the user postgres when the tests run as root, which PostgreSQL refuses. */
    private static void run(String program, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(List.of("runuser", "-u", "postgres", "--"));
        }
        command.add(program(program));
        command.addAll(Arrays.asList(arguments));
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(program + ".out").toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(command.toString()).isTrue();
        assertThat(process.exitValue())
                .as(() -> command + " failed; see " + directory)
                .isZero();
    }

    private static String program(String name) throws IOException {
        Path versions = Path.of("/usr/lib/postgresql");
        assertThat(versions).as("install Debian's package postgresql").exists();
        try (Stream<Path> all = Files.list(versions)) {
            return all.map(version -> version.resolve("bin").resolve(name))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElseThrow(() -> new IOException(
                            "no " + name + " under " + versions + "; install Debian's package postgresql"))
                    .toString();
        }
    }

    @Override
    DataSource dataSource() throws Exception {
        String database = "t" + UUID.randomUUID().toString().replace("-", "");
        try (Connection connection = open("postgres").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + database);
        }
        return open(database);
    }

    private static DataSource open(String database) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setURL("jdbc:postgresql://127.0.0.1:" + port + "/" + database);
        dataSource.setUser("test");
        return dataSource;
    }
}
