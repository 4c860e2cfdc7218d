"""Lets the session write local files as S3 has them: without permissions, which Hadoop sets by starting `chmod`.

Without its native library Hadoop starts a process for every file and folder that it makes, milliseconds each, and a
commit of Hudi makes dozens. The class is compiled by Janino, which Spark brings.
"""

from pathlib import Path

from odp.spark_session import hadoop_configuration, java_class
from pyspark.sql import SparkSession

NAME = "PlainFiles"
SOURCE = """
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

public class PlainFiles extends LocalFileSystem {
    public PlainFiles() { super(new Raw()); }
    public static class Raw extends RawLocalFileSystem {
        public void setPermission(Path path, FsPermission permission) {}
    }
}
"""


def use(spark: SparkSession, folder: Path) -> None:
    """Compile the class into a folder, and let the session's class loader find it there."""
    compiler = java_class(spark, "org.codehaus.janino.SimpleCompiler")()
    compiler.cook(SOURCE)
    for name, code in compiler.getBytecodes().items():
        (folder / f"{name}.class").write_bytes(code)
    loader = java_class(spark, "java.lang.Thread").currentThread().getContextClassLoader()
    loader.addURL(java_class(spark, "java.io.File")(str(folder)).toURI().toURL())
    hadoop_configuration(spark).set("fs.file.impl", NAME)
    fs = java_class(spark, "org.apache.hadoop.fs.FileSystem").get(java_class(spark, "java.net.URI").create("file:///"), hadoop_configuration(spark))
    print("FS", fs.getClass().getName())
