package dev.handover.examples.kv;

import dev.handover.GroupId;
import dev.handover.HandoverException;
import dev.handover.replication.Consistency;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Small groups on the node of a kv-server, so many that their logs are forced together in the node's journal. Clients speak lines of text:
 *
 * <pre>
 * write GROUP WRITER NUMBER    answered, when its outcome is known, by: GROUP WRITER NUMBER ok|refused|unknown
 * state                        answered by a line for each group: IN-SYNC-HERE IN-SYNC STATE; see {@link SideState}
 * </pre>
 */
public final class SideGroups implements AutoCloseable {
    /** Of their port there is a system property. */
    static final String PORT = "side.port";

    private static final int COUNT = 10;
    private static final Logger LOG = LoggerFactory.getLogger(SideGroups.class);

    private final List<SideState> states = new ArrayList<>();
    private final List<ReplicatedLog> logs = new ArrayList<>();
    private final ServerSocket listener;

    private SideGroups(ServerSocket listener) {
        this.listener = listener;
    }

    /** Their names. */
    public static List<String> names() {
        return IntStream.range(0, COUNT).mapToObj(i -> "side" + i).toList();
    }

    static SideGroups join(HaNode node, Consumer<String> fault) throws IOException {
        InetAddress host = node.address().getAddress();
        SideGroups groups = new SideGroups(new ServerSocket(Integer.getInteger(PORT), 0, host));
        for (String name : names()) {
            SideState state = new SideState();
            ReplicatedLog log = node.join(GroupId.of(name), state);
            groups.states.add(state);
            groups.logs.add(log);
            log.onStatus(status -> {
                if (status.fault() != null) {
                    fault.accept(name + ": " + status.fault());
                }
            });
        }
        daemon("side-listener", groups::listen);
        return groups;
    }

    private static void daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void listen() {
        try {
            while (true) {
                Socket client = listener.accept();
                daemon("side-client", () -> serve(client));
            }
        } catch (IOException e) {
            LOG.debug("no more clients of side groups", e);
        }
    }

    private void serve(Socket client) {
        try (client) {
            client.setTcpNoDelay(true);
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
            OutputStream out = client.getOutputStream();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("state")) {
                    for (int i = 0; i < COUNT; i++) {
                        say(out, state(i));
                    }
                } else {
                    write(line.split(" "), out);
                }
            }
        } catch (IOException | ExecutionException e) {
            LOG.debug("a client of side groups is gone, or was left", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String state(int group) throws InterruptedException, ExecutionException {
        ReplicatedLog log = logs.get(group);
        String state = log.read(Consistency.LOCAL, states.get(group)::text).get();
        GroupStatus status = log.status();
        boolean here = status.configuration() != null
                && status.configuration().inSync().contains(status.self());
        int inSync = status.configuration() == null
                ? 0
                : status.configuration().inSync().size();
        return here + " " + inSync + " " + state;
    }

    private void write(String[] words, OutputStream out) {
        byte[] command = (words[2] + " " + words[3]).getBytes(StandardCharsets.US_ASCII);
        ReplicatedLog log = logs.get(Integer.parseInt(words[1]));
        String reply = words[1] + " " + words[2] + " " + words[3] + " ";
        try {
            log.submit(command).whenComplete((result, thrown) -> answer(out, reply + outcome(thrown)));
        } catch (HandoverException e) {
            answer(out, reply + outcome(e));
        }
    }

    private static String outcome(Throwable thrown) {
        if (thrown == null) {
            return "ok";
        }
        Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
        boolean maybe =
                !(cause instanceof HandoverException known) || known.retry() == HandoverException.Retry.MAY_APPLY_TWICE;
        return maybe ? "unknown" : "refused";
    }

    private static void answer(OutputStream out, String line) {
        try {
            say(out, line);
        } catch (IOException e) {
            LOG.debug("nobody hears {}", line, e);
        }
    }

    private static void say(OutputStream out, String line) throws IOException {
        synchronized (out) {
            out.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
