package dev.handover.examples.kv.system;

import dev.handover.examples.kv.KvNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what the nodes say about themselves, as it comes. */
final class NodeLogs {
    private static final Pattern LEADS = Pattern.compile("\\[(\\w+) (\\w+)] (?:RECONCILING|LEADER) in epoch (\\d+)");
    private static final Pattern NEVER = Pattern.compile(
            "Invariant broken|has died, and the process|The application failed|OutOfMemory|Exception in thread|ERROR ");

    /** Errors that disk faults and refused directories cause, and an orderly stop while ZooKeeper is away: its client says, too, that the end of the session was not confirmed. */
    private static final Pattern EXPECTED =
            Pattern.compile("has stopped itself and ends with 3: (?!Invariant)|Not closed within \\d+ s: stops as it is"
                    + "|ClientCnxn - Timeout error occurred for the packet .* header:: \\d+,-11 ");

    static final String JOURNALS = "journals made";

    private static final Map<String, Pattern> COUNTED = Map.of(
            JOURNALS,
            Pattern.compile("forces the logs that are written together in"),
            "logs damaged by what the journal had",
            Pattern.compile("the log was damaged: .*the journal"),
            "snapshots taken",
            Pattern.compile("snapshot at index \\d+ TAKEN"),
            "snapshots installed",
            Pattern.compile("snapshot at index \\d+ INSTALLED"),
            "damaged logs noticed and rebuilt",
            Pattern.compile("the log was damaged: "),
            "damaged snapshots noticed",
            Pattern.compile("set aside as .*\\.damaged"),
            "rolled-back directories refused",
            Pattern.compile("FAULTED: .*was rolled back or copied"),
            "orderly stops that were given up",
            Pattern.compile("Not closed within \\d+ s: stops as it is"),
            "take-overs",
            Pattern.compile("take-over SERVING"));

    private final Map<KvNode, Long> read = new HashMap<>();
    private final Map<String, String> leaders = new TreeMap<>();
    private final Map<String, Integer> counts = new TreeMap<>();
    private final List<String> findings = new ArrayList<>();

    /** Reads what is new. */
    void follow(List<KvNode> nodes) throws IOException {
        for (KvNode node : nodes) {
            for (String line : newLines(node)) {
                look(line);
            }
        }
    }

    private List<String> newLines(KvNode node) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(node.log().toFile(), "r")) {
            long from = read.getOrDefault(node, 0L);
            byte[] bytes = new byte[Math.toIntExact(file.length() - from)];
            file.seek(from);
            file.readFully(bytes);
            int end = bytes.length;
            while (end > 0 && bytes[end - 1] != '\n') {
                end--; // the last line is not complete
            }
            read.put(node, from + end);
            return new String(bytes, 0, end, StandardCharsets.UTF_8).lines().toList();
        }
    }

    void look(String line) {
        Matcher leads = LEADS.matcher(line);
        if (leads.find()) {
            String epoch = "epoch " + leads.group(3) + " of " + leads.group(1);
            String before = leaders.putIfAbsent(epoch, leads.group(2));
            if (before != null && !before.equals(leads.group(2))) {
                findings.add(epoch + " has two leaders, " + before + " and " + leads.group(2));
            }
        }
        if (NEVER.matcher(line).find() && !EXPECTED.matcher(line).find()) {
            findings.add(line);
        }
        COUNTED.forEach(
                (name, pattern) -> counts.merge(name, pattern.matcher(line).find() ? 1 : 0, Integer::sum));
    }

    /** What must not happen. */
    List<String> findings() {
        return findings;
    }

    /** Epochs of which somebody has said to be the leader. */
    int epochs() {
        return leaders.size();
    }

    Map<String, Integer> counts() {
        return counts;
    }
}
