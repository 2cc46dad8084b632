package dev.handover.election;

import dev.handover.leadership.Leadership;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;

/** A candidate in a process of its own, to be killed and paused. It says when it leads, and until when it has believed so. */
final class CandidateProcess {
    private final Process process;
    private final BufferedReader out;

    CandidateProcess(String connectString, String name, Duration session, boolean fast) throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-Dlogback.configurationFile=logback-election.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CandidateProcess.class.getName(),
                        connectString,
                        name,
                        String.valueOf(session.toMillis()),
                        String.valueOf(fast))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** The rest of the next line that begins so. */
    String await(String word) throws IOException, InterruptedException {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(word + " ")) {
                return line.substring(word.length() + 1);
            }
        }
        throw new IOException("the candidate's process has ended with " + process.waitFor());
    }

    void kill() throws InterruptedException {
        process.destroyForcibly(); // SIGKILL
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            throw new AssertionError("process " + process.pid() + " survived SIGKILL");
        }
    }

    void signal(String name) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                .inheritIO()
                .start();
        if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
            throw new AssertionError("kill -" + name + " " + process.pid() + " failed");
        }
    }

    public static void main(String[] arguments) throws Exception {
        CuratorFramework client = CuratorFrameworkFactory.newClient(
                arguments[0], Integer.parseInt(arguments[2]), 1000, new RetryOneTime(100));
        client.start();
        LeaderElection.Builder builder =
                LeaderElection.builder(client, "/jobs/billing").candidate(arguments[1]);
        if (Boolean.parseBoolean(arguments[3])) {
            builder.fastTakeOver(new InetSocketAddress("127.0.0.1", 0));
        }
        try (LeaderElection election = builder.start()) {
            Thread believer = new Thread(() -> believe(election));
            believer.setDaemon(true);
            believer.start();
            int end = System.in.read(); // ends with the test that started it
            System.out.println("ends " + end);
        }
        client.close();
    }

    private static void believe(LeaderElection election) {
        long validMillis = 0;
        while (true) {
            long now = System.currentTimeMillis();
            boolean valid = election.current() instanceof Leadership.Leading leading && leading.isValid();
            if (valid && validMillis == 0) {
                System.out.println("leads " + now);
            } else if (!valid && validMillis != 0) {
                System.out.println("believed " + validMillis);
            }
            validMillis = valid ? now : 0;
        }
    }
}
