package dev.handover.spring;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Which property it is that a builder of the libraries objects to. Their messages begin with the name of the option; whoever has only set properties knows it by another name.
 */
final class PropertyNames {
    /** Of a node, its transport, its logs, and an election. */
    static final Map<String, String> NODE = Map.ofEntries(
            Map.entry("cluster", "handover.cluster"),
            Map.entry("node id", "handover.node-id"),
            Map.entry("commandTimeout", "handover.command-timeout"),
            Map.entry("sessionTimeout", "handover.session-timeout"),
            Map.entry("drainTimeout", "handover.drain-timeout"),
            Map.entry("failureTimeout", "handover.failure-timeout"),
            Map.entry("heartbeat", "handover.heartbeat"),
            Map.entry("minInSync", "handover.min-in-sync"),
            Map.entry("a lease of", "handover.read-leases"),
            Map.entry("featureLevel", "handover.max-feature-level"),
            Map.entry("maxCommandBytes", "handover.max-command-size"),
            Map.entry("maxPendingCommands", "handover.max-pending-commands"),
            Map.entry("maxPendingBytes", "handover.max-pending-size"),
            Map.entry("snapshotBytes", "handover.snapshot-size"),
            Map.entry("snapshotInterval", "handover.snapshot-interval"),
            Map.entry("segmentBytes", "handover.storage.segment-size"),
            Map.entry("reserveBytes", "handover.storage.reserve"),
            Map.entry("host", "handover.transport.host"),
            Map.entry("advertised port", "handover.transport.advertised-port"),
            Map.entry("maxFrameBytes", "handover.transport.max-frame-size"),
            Map.entry("maxQueuedBytes", "handover.transport.max-frame-size"),
            Map.entry("session time-out", "handover.zookeeper.session-timeout"));

    private PropertyNames() {}

    /** Properties below a prefix that have the options' own names, written as properties are. */
    static Map<String, String> below(String prefix, String... options) {
        Map<String, String> names = new HashMap<>();
        for (String option : options) {
            names.put(option, prefix + "." + option.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT));
        }
        return names;
    }

    /**
     * What is built.
     *
     * @param key named if the message begins with none of the names
     * @throws InvalidPropertyException if the library objects
     */
    static <T> T checked(String key, Map<String, String> names, Supplier<T> build) {
        try {
            return build.get();
        } catch (InvalidPropertyException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            String found = names.entrySet().stream()
                    .filter(name -> message.startsWith(name.getKey() + " "))
                    .map(Map.Entry::getValue)
                    .findFirst()
                    .orElse(key);
            throw new InvalidPropertyException(found, e);
        }
    }
}
